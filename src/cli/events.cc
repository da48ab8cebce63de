#include "cli/ask.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class EventsVerb : public Verb {
 public:
  const char* name() const override { return "events"; }
  const char* help() const override { return "show what happens to the labs, as it happens"; }
  const char* examples() const override {
    return "  sudo vpclab events                        until Ctrl-C\n"
           "  sudo vpclab events cross-region --json    one JSON document a line\n"
           "Each change with its reason and its result; what begins, settles, fails and goes down; processes that end\n"
           "and start again; load balancers' backends that go up or down. A reader that is too slow is told how many\n"
           "events it has missed. When the daemon ends, so does this, with exit status 1.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "of this lab only, which need not be up yet; default: all of them", false);
  }
  int run(const Context& context) override {
    AskOptions options;
    options.lines = true;
    options.follows = true;
    return ask(context, api::EventsRequest{lab_}, options);
  }

 private:
  std::string lab_;
};

}  // namespace

std::unique_ptr<Verb> makeEvents() {
  return std::make_unique<EventsVerb>();
}

}  // namespace vpclab::cli
