#include <unistd.h>

#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/lab_file.h"
#include "cli/plan_file.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

// `up` and `apply` differ by the checks alone.
class ApplyVerb : public Verb {
 public:
  explicit ApplyVerb(bool checks) : checks_(checks) {}
  const char* name() const override { return checks_ ? "up" : "apply"; }
  const char* help() const override {
    return checks_ ? "bring a lab to what its file says, and check it by real packets"
                   : "bring a lab to what its file says, without checks";
  }
  const char* examples() const override {
    return checks_ ? "  sudo vpclab up labs/cross-region/stage-1.yaml\n"
                     "  sudo vpclab up labs/cross-region/stage-2.yaml -v     show each change\n"
                     "  sudo vpclab up lab.yaml --start-daemon               where no daemon runs yet\n"
                     "Exit status: 0 done; 1 failed; 2 bad input; 4 a check failed."
                   : "  sudo vpclab apply labs/cross-region/stage-2.yaml\n"
                     "  sudo vpclab apply lab.yaml --json\n"
                     "  sudo vpclab apply stage-2.plan     exactly what `plan --out` has shown, or nothing\n"
                     "Exit status: 0 done, or nothing to do; 1 failed; 2 bad input.";
  }
  void declare(VerbOptions& options) override {
    options.positional("FILE", file_, "the lab file, or a plan kept by `plan --out`", true);
    options.flag("--rollback", rollback_, "should the lab's first apply not succeed, take away what it has made");
    options.flag("-v,--verbose", verbose_, "show each change, not only their number");
    options.flag("--profile", profile_, "show where the time went");
    options.flag("--start-daemon", startDaemon_, "start a daemon where none runs; it ends with its last lab");
  }
  int run(const Context& context) override {
    auto kept = readPlanFile(file_);
    if (!kept) {
      return finish(context, kept.error());
    }
    api::ApplyRequest request{{}, checks_, coloursOn(STDOUT_FILENO), context.json, verbose_, rollback_, ""};
    if (*kept) {
      request.bundle = std::move((*kept)->bundle);
      request.expected = std::move((*kept)->expected);
    } else {
      auto loaded = loadBundle(file_);
      if (!loaded.ok) {
        return finish(context, api::Final{api::Exit::kBadInput, {}, std::move(loaded.diagnostics), "{}"});
      }
      request.bundle = std::move(loaded.bundle);
    }
    AskOptions options;
    if (request.expected.empty()) {
      options.mistakes = [this] { return mistakesIn(file_); };
    }
    options.planDetail = verbose_ ? PlanDetail::kSteps : PlanDetail::kSummary;
    options.profile = profile_;
    options.startDaemon = startDaemon_;
    return ask(context, request, options);
  }

 private:
  bool checks_;
  std::string file_;
  bool verbose_ = false;
  bool profile_ = false;
  bool startDaemon_ = false;
  bool rollback_ = false;
};

}  // namespace

std::unique_ptr<Verb> makeUp() {
  return std::make_unique<ApplyVerb>(true);
}
std::unique_ptr<Verb> makeApply() {
  return std::make_unique<ApplyVerb>(false);
}

}  // namespace vpclab::cli
