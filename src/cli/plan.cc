#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/lab_file.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class PlanVerb : public Verb {
 public:
  const char* name() const override { return "plan"; }
  const char* help() const override { return "show what an apply would change, and why; changes nothing"; }
  const char* examples() const override {
    return "  sudo vpclab plan labs/cross-region/stage-2.yaml\n"
           "  sudo vpclab plan labs/cross-region/stage-2.yaml --shell    also as commands of ip, nft and wg\n"
           "Exit status: 0 no changes; 3 changes not applied yet; 1 failed; 2 bad input.";
  }
  void declare(VerbOptions& options) override {
    options.positional("FILE", file_, "the lab file", true);
    options.flag("--shell", shell_, "also as a shell script");
  }
  int run(const Context& context) override {
    auto loaded = loadBundle(file_);
    if (!loaded.ok) {
      return finish(context, api::Final{api::Exit::kBadInput, {}, std::move(loaded.diagnostics), "{}"});
    }
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::PlanRequest{std::move(loaded.bundle), shell_}, options);
  }

 private:
  std::string file_;
  bool shell_ = false;
};

}  // namespace

std::unique_ptr<Verb> makePlan() {
  return std::make_unique<PlanVerb>();
}

}  // namespace vpclab::cli
