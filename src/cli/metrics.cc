#include "cli/ask.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class MetricsVerb : public Verb {
 public:
  const char* name() const override { return "metrics"; }
  const char* help() const override { return "show the daemon's counters, as Prometheus reads them"; }
  const char* examples() const override {
    return "  sudo vpclab metrics\n"
           "  sudo vpclab metrics --json\n"
           "The same from the daemon's socket:\n"
           "  sudo curl --unix-socket /run/vpclab/vpclabd.sock http://vpclabd/v1/metrics";
  }
  void declare(VerbOptions&) override {}
  int run(const Context& context) override { return ask(context, api::MetricsRequest{}); }
};

}  // namespace

std::unique_ptr<Verb> makeMetrics() {
  return std::make_unique<MetricsVerb>();
}

}  // namespace vpclab::cli
