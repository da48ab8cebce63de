#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class CheckVerb : public Verb {
 public:
  const char* name() const override { return "check"; }
  const char* help() const override { return "run the checks of a lab that is up"; }
  const char* examples() const override {
    return "  sudo vpclab check\\n  sudo vpclab check cross-region --json\\nExit status: 0 all passed; 4 a check "
           "failed; 1 they could not be run.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name; not needed where only one is up", false);
  }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::LabRequest{api::LabVerb::kCheck, lab_, coloursOn(STDOUT_FILENO)}, options);
  }

 private:
  std::string lab_;
};

}  // namespace

std::unique_ptr<Verb> makeCheck() {
  return std::make_unique<CheckVerb>();
}

}  // namespace vpclab::cli
