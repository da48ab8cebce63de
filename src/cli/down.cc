#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class DownVerb : public Verb {
 public:
  const char* name() const override { return "down"; }
  const char* help() const override { return "take a lab down and leave nothing of it"; }
  const char* examples() const override {
    return "  sudo vpclab down cross-region\n"
           "  sudo vpclab down --all\n"
           "Works by name: the lab's file is not needed, nor must the daemon know the lab.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name", false);
    options.flag("--all", all_, "every lab of this run directory");
    options.flag("--start-daemon", startDaemon_, "start a daemon where none runs");
  }
  int run(const Context& context) override {
    if (lab_.empty() != all_) {
      return finish(context, base::Error(base::ErrorKind::kInvalid, "down: say which lab, or --all"));
    }
    AskOptions options;
    options.startDaemon = startDaemon_;
    return ask(context, api::DownRequest{lab_, all_}, options);
  }

 private:
  std::string lab_;
  bool all_ = false;
  bool startDaemon_ = false;
};

}  // namespace

std::unique_ptr<Verb> makeDown() {
  return std::make_unique<DownVerb>();
}

}  // namespace vpclab::cli
