#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class InspectVerb : public Verb {
 public:
  const char* name() const override { return "inspect"; }
  const char* help() const override { return "show nodes, addresses, processes, tunnels and backends"; }
  const char* examples() const override { return "  sudo vpclab inspect\\n  sudo vpclab inspect cross-region --json"; }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name; default: all of them", false);
  }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::LabRequest{api::LabVerb::kInspect, lab_, coloursOn(STDOUT_FILENO)}, options);
  }

 private:
  std::string lab_;
};

}  // namespace

std::unique_ptr<Verb> makeInspect() {
  return std::make_unique<InspectVerb>();
}

}  // namespace vpclab::cli
