#include <cstdio>

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "cli/finish.h"
#include "cli/lab_file.h"
#include "cli/plan_file.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class ValidateVerb : public Verb {
 public:
  const char* name() const override { return "validate"; }
  const char* help() const override {
    return "tell every mistake that a lab file itself has; needs no daemon and no rights";
  }
  const char* examples() const override {
    return "  vpclab validate labs/cross-region/stage-4b.yaml\n"
           "`plan` tells what goes by the addresses that servers are given and by the machine: names whose address is\n"
           "another node's, interface names that become alike, what the kernel cannot do.\n"
           "Exit status: 0 valid; 2 not.";
  }
  void declare(VerbOptions& options) override { options.positional("FILE", file_, "the lab file", true); }
  int run(const Context& context) override {
    if (auto labFile = isNoPlanFile(file_); !labFile) {
      return finish(context, labFile.error());
    }
    auto loaded = loadFromDisk(file_);
    api::Final final;
    final.exit = loaded.ok() ? api::Exit::kOk : api::Exit::kBadInput;
    final.diagnostics = std::move(loaded.diagnostics);
    nlohmann::json data{{"file", file_}, {"lab", loaded.lab.name}};
    if (final.exit == api::Exit::kOk) {
      data["vpcs"] = loaded.lab.vpcs.size();
      data["vxnets"] = loaded.lab.vxnets.size();
      data["servers"] = loaded.lab.servers.size();
      data["border_routers"] = loaded.lab.borderRouters.size();
      data["load_balancers"] = loaded.lab.loadBalancers.size();
      data["checks"] = loaded.lab.checks.size();
    }
    final.data = api::dumpJson(data);
    if (final.exit == api::Exit::kOk && !context.json) {
      std::printf(
          "%s: valid: lab %s with %zu VPCs, %zu vxnets, %zu servers, %zu border routers, %zu load balancers, "
          "%zu checks\n",
          file_.c_str(), loaded.lab.name.c_str(), loaded.lab.vpcs.size(), loaded.lab.vxnets.size(),
          loaded.lab.servers.size(), loaded.lab.borderRouters.size(), loaded.lab.loadBalancers.size(),
          loaded.lab.checks.size());
    }
    return finish(context, final);
  }

 private:
  std::string file_;
};

}  // namespace

std::unique_ptr<Verb> makeValidate() {
  return std::make_unique<ValidateVerb>();
}

}  // namespace vpclab::cli
