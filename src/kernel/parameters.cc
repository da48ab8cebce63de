#include "kernel/parameters.h"

#include <utility>
#include <vector>

#include "kernel/proc_sys.h"

namespace vpclab::kernel {

base::Result<state::Parameters> readParameters() {
  std::vector<state::Parameter> out;
  for (const auto& path : namespaceSysctls()) {
    auto value = ProcSys::read(path);
    if (!value) {
      return base::fail(std::move(value.error()));
    }
    if (*value) {
      out.push_back({path, parameterText(**value)});
    }
  }
  return state::Parameters(std::move(out));
}

base::SharedString parameterText(std::string_view value) {
  static const base::SharedString kZero = "0";
  static const base::SharedString kOne = "1";
  return value == "0" ? kZero : value == "1" ? kOne : base::SharedString(value);
}

const state::Parameters& NewNamespace::parameters() {
  std::call_once(once_, [this] {
    if (auto read = readParameters()) {
      parameters_ = std::move(*read);
    }
  });
  return parameters_;
}

}  // namespace vpclab::kernel
