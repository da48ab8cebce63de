#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class HealVerb : public Verb {
 public:
  const char* name() const override { return "heal"; }
  const char* help() const override { return "put back what differs from what was applied"; }
  const char* examples() const override {
    return "  sudo vpclab heal\\n  sudo vpclab heal cross-region\\nExit status: 0 healed, or nothing to do; 1 failed.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name; not needed where only one is up", false);
  }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::LabRequest{api::LabVerb::kHeal, lab_, coloursOn(STDOUT_FILENO)}, options);
  }

 private:
  std::string lab_;
};

}  // namespace

std::unique_ptr<Verb> makeHeal() {
  return std::make_unique<HealVerb>();
}

}  // namespace vpclab::cli
