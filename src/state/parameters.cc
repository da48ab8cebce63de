#include "state/parameters.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vpclab::state {

namespace {

// inet_forward_change: who begins to forward accepts no redirects any more, who ends does. So it is written before
// that.
constexpr const char* kResetByForward = "net/ipv4/conf/all/accept_redirects";

bool isWrittenBefore(const Parameter& x, const Parameter& y) {
  const bool xFirst = x.path == kIpForward;
  const bool yFirst = y.path == kIpForward;
  return xFirst != yFirst ? xFirst : x.path < y.path;
}

}  // namespace

Parameters::Parameters(std::vector<Parameter> list) {
  std::stable_sort(list.begin(), list.end(), isWrittenBefore);
  const auto isSame = [](const Parameter& x, const Parameter& y) { return x.path == y.path; };
  list.erase(list.begin(), std::unique(list.rbegin(), list.rend(), isSame).base());
  if (!list.empty()) {
    list_ = std::make_shared<const std::vector<Parameter>>(std::move(list));
  }
}

const std::vector<Parameter>& Parameters::list() const {
  static const std::vector<Parameter> kNone;
  return list_ ? *list_ : kNone;
}

const base::SharedString* Parameters::find(const std::string& path) const {
  const auto found = std::find_if(begin(), end(), [&](const Parameter& known) { return known.path == path; });
  return found == end() ? nullptr : &found->value;
}

namespace {

// Calls `found(wanted, value that is there or nullptr)` for each that is wanted, in one walk: both are in one order.
template <class F>
void matchEach(const Sysctls& want, const Sysctls& have, F&& found) {
  auto there = have.parameters.begin();
  for (const Parameter& wanted : want.parameters) {
    while (there != have.parameters.end() && isWrittenBefore(*there, wanted)) {
      ++there;
    }
    const bool isThere = there != have.parameters.end() && there->path == wanted.path;
    found(wanted, isThere ? &there->value : nullptr);
  }
}

}  // namespace

bool hasAll(const Sysctls& have, const Sysctls& want) {
  if (have.parameters == want.parameters) {
    return true;
  }
  bool out = true;
  matchEach(want, have, [&](const Parameter& wanted, const base::SharedString* value) {
    out = out && value != nullptr && *value == wanted.value;
  });
  return out;
}

Sysctls onlyWanted(const Sysctls& have, const Sysctls& want) {
  std::vector<Parameter> out;
  matchEach(want, have, [&](const Parameter& wanted, const base::SharedString* value) {
    if (value != nullptr) {
      out.push_back({wanted.path, *value});
    }
  });
  return {have.netns, have.link, Parameters(std::move(out))};
}

Parameters toWrite(const Sysctls& want, const Sysctls* before) {
  if (before == nullptr) {
    return want.parameters;
  }
  std::vector<Parameter> out;
  bool forwards = false;
  matchEach(want, *before, [&](const Parameter& wanted, const base::SharedString* value) {
    const bool differs = value == nullptr || *value != wanted.value;
    forwards = forwards || (differs && wanted.path == kIpForward);
    if (differs || (forwards && wanted.path == kResetByForward)) {
      out.push_back(wanted);
    }
  });
  return Parameters(std::move(out));
}

}  // namespace vpclab::state
