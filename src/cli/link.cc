#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/verb.h"
#include "lab/scalars.h"

namespace vpclab::cli {

namespace {

constexpr std::int64_t kMinRate = 8'000;  // bit/s; as in a lab file

template <class T>
std::optional<std::int64_t> widened(const std::optional<T>& value) {
  return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}

class LinkVerb : public Verb {
 public:
  const char* name() const override { return "link"; }
  const char* help() const override {
    return "set: take a link down, delay or lose its packets, for trying things out";
  }
  const char* examples() const override {
    return "  sudo vpclab link set bj-server1 --down              pull its cable\n"
           "  sudo vpclab link set bj-server1 --up\n"
           "  sudo vpclab link set bj-server1 --delay 20ms --jitter 5ms --loss 1%\n"
           "  sudo vpclab link set bj-br1:bj-vxnet1 --rate 10mbit   one of a node's several links\n"
           "  sudo vpclab link set bj-gw --loss 100%              an SD-WAN access point's line\n"
           "  sudo vpclab link set bj-server1 --rate none --loss 0%\n"
           "Values hold in each direction. The file stays as it is: `drift` tells the difference, `heal` takes it "
           "back.\n"
           "Exit status: 0 set; 1 failed; 2 bad usage.";
  }
  void declare(VerbOptions& options) override {
    options.positional("ACTION", action_, "set", true);
    options.positional("NODE", request_.link, "the node's id or title, or NODE:LINK as `vpclab inspect` shows it",
                       true);
    options.option("--lab", request_.lab, "the lab's name; not needed where the node's name is enough");
    options.flag("--down", down_, "take the link down");
    options.flag("--up", up_, "take it up again, with its addresses and routes");
    options.option("--delay", delay_, "delay each packet: 20ms, 500us");
    options.option("--jitter", jitter_, "vary the delay by so much, at random: 5ms");
    options.option("--loss", loss_, "lose packets at random: 1%");
    options.option("--rate", rate_, "limit the rate: 10mbit; none: no limit");
  }
  int run(const Context& context) override {
    if (auto read = readArguments(); !read) {
      return finish(context, read.error());
    }
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, request_, options);
  }

 private:
  static base::Result<> take(const char* option, const std::string& text, std::optional<std::int64_t> value,
                             std::int64_t min, std::int64_t max, const char* example,
                             std::optional<std::int64_t>& into) {
    if (text.empty()) {
      return {};
    }
    if (!value || *value < min || *value > max) {
      return base::fail(base::ErrorKind::kInvalid, std::string(option) + " `" + text +
                                                       "`: " + (value ? "out of range" : "not understood") +
                                                       ", as in " + example);
    }
    into = value;
    return {};
  }

  base::Result<> readArguments() {
    if (action_ != "set") {
      return base::fail(base::ErrorKind::kInvalid, "link " + action_ + ": no such action; `vpclab link set NODE ...`");
    }
    if (up_ && down_) {
      return base::fail(base::ErrorKind::kInvalid, "--up and --down: one of them");
    }
    if (up_ || down_) {
      request_.up = up_;
    }
    const auto rate = rate_ == "none" ? std::optional<std::int64_t>(0) : widened(lab::parseBandwidth(rate_));
    for (const auto& taken :
         {take("--delay", delay_, widened(lab::parseDelay(delay_)), 0, 60'000'000, "20ms or 500us", request_.delay),
          take("--jitter", jitter_, widened(lab::parseDelay(jitter_)), 0, 60'000'000, "5ms", request_.jitter),
          take("--loss", loss_, widened(lab::parseLoss(loss_)), 0, 1'000'000, "1% or 0.05%", request_.loss),
          take("--rate", rate_, rate, rate_ == "none" ? 0 : kMinRate, 100'000'000'000, "10mbit or none",
               request_.rate)}) {
      if (!taken) {
        return taken;
      }
    }
    if (!request_.up && !request_.delay && !request_.jitter && !request_.loss && !request_.rate) {
      return base::fail(base::ErrorKind::kInvalid, "link set " + request_.link + ": nothing to set; see --help");
    }
    return {};
  }

  api::LinkRequest request_;
  std::string action_;
  std::string delay_;
  std::string jitter_;
  std::string loss_;
  std::string rate_;
  bool up_ = false;
  bool down_ = false;
};

}  // namespace

std::unique_ptr<Verb> makeLink() {
  return std::make_unique<LinkVerb>();
}

}  // namespace vpclab::cli
