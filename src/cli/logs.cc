#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class LogsVerb : public Verb {
 public:
  const char* name() const override { return "logs"; }
  const char* help() const override { return "show what a load balancer, or a server's command, has logged last"; }
  const char* examples() const override {
    return "  sudo vpclab logs xr-lb\n"
           "  sudo vpclab logs 跨Region负载均衡 --follow     until Ctrl-C\n"
           "A load balancer's log has HAProxy's format, and a line when a backend goes up or down.";
  }
  void declare(VerbOptions& options) override {
    options.option("--lab", lab_, "the lab's name; not needed where the node's name is enough");
    options.flag("--follow", follow_, "go on with what comes");
    options.positional("NODE", node_, "the node's id or title, or LAB/NODE", true);
  }
  int run(const Context& context) override {
    if (context.json && follow_) {
      return finish(context, base::Error(base::ErrorKind::kInvalid, "logs: --follow has no end, and so no document"));
    }
    AskOptions options;
    options.follows = follow_;
    return ask(context, api::LogsRequest{lab_, node_, follow_}, options);
  }

 private:
  std::string lab_;
  std::string node_;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Verb> makeLogs() {
  return std::make_unique<LogsVerb>();
}

}  // namespace vpclab::cli
