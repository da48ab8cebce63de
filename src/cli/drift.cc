#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class DriftVerb : public Verb {
 public:
  const char* name() const override { return "drift"; }
  const char* help() const override { return "show where the kernel differs from what was applied"; }
  const char* examples() const override {
    return "  sudo vpclab drift\\n  sudo vpclab drift cross-region --json\\nExit status: 0 no difference; 3 "
           "differences; 1 failed.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name; not needed where only one is up", false);
  }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::LabRequest{api::LabVerb::kDrift, lab_, coloursOn(STDOUT_FILENO)}, options);
  }

 private:
  std::string lab_;
};

}  // namespace

std::unique_ptr<Verb> makeDrift() {
  return std::make_unique<DriftVerb>();
}

}  // namespace vpclab::cli
