#include <cstdio>

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "cli/finish.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class VersionVerb : public Verb {
 public:
  const char* name() const override { return "version"; }
  const char* help() const override { return "show the version"; }
  const char* examples() const override { return "  vpclab version --json"; }
  void declare(VerbOptions&) override {}
  int run(const Context& context) override {
    if (context.json) {
      return finish(context,
                    api::Final{api::Exit::kOk, {}, {}, api::dumpJson({{"version", VPCLAB_VERSION}, {"api", 1}})});
    }
    std::puts("vpclab " VPCLAB_VERSION);
    return 0;
  }
};

}  // namespace

std::unique_ptr<Verb> makeVersion() {
  return std::make_unique<VersionVerb>();
}

}  // namespace vpclab::cli
