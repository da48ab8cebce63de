#include <csignal>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <sys/signalfd.h>
#include <unistd.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "cli/dialer.h"
#include "cli/finish.h"
#include "cli/forwarder.h"
#include "cli/node_place.h"
#include "cli/verb.h"
#include "net/ip.h"

namespace vpclab::cli {

namespace {

using base::ErrorKind;

class ForwardVerb : public Verb {
 public:
  const char* name() const override { return "forward"; }
  const char* help() const override { return "open a port of 127.0.0.1 that leads into a lab's internet"; }
  const char* examples() const override {
    return "  sudo vpclab forward 8080                             then open http://127.0.0.1:8080/\n"
           "  sudo vpclab forward 8080 --to 139.198.18.135:80\n"
           "Runs until Ctrl-C. Listens on 127.0.0.1 alone and changes nothing of the host's network. Members of the "
           "group\n"
           "vpclab may do it too: what connects in the lab has their own rights.";
  }
  void declare(VerbOptions& options) override {
    options.positional("PORT", port_, "the port on 127.0.0.1", true);
    options.option("--to", to_, "ADDRESS:PORT in the lab; default: the first load balancer's page, by its EIP");
    options.option("--lab", lab_, "the lab's name; not needed where only one is up");
  }
  int run(const Context& context) override {
    const auto ran = forward(context);
    return ran ? 0 : finish(context, ran.error());
  }

 private:
  base::Result<> forward(const Context& context);
  base::Result<> chooseTarget(NodePlace& place) const;

  std::string port_;
  std::string to_;
  std::string lab_;
};

base::Result<> ForwardVerb::chooseTarget(NodePlace& place) const {
  if (to_.empty()) {
    return place.address.empty() ? base::fail(ErrorKind::kInvalid, "lab " + place.lab +
                                                                       " has no load balancer with an EIP: say --to "
                                                                       "ADDRESS:PORT")
                                 : base::Result<>();
  }
  const auto colon = to_.rfind(':');
  const auto address = net::IpAddr::parse(to_.substr(0, colon));
  const auto port = colon == std::string::npos ? std::optional<std::int64_t>(80)
                                               : base::parseInteger(to_.substr(colon + 1), 1, 65535);
  if (!address || !address->isV4() || !port) {
    return base::fail(ErrorKind::kInvalid, "--to " + to_ + ": ADDRESS:PORT is expected, such as 139.198.18.135:80");
  }
  place.address = address->toString();
  place.port = static_cast<std::uint16_t>(*port);
  return {};
}

base::Result<> ForwardVerb::forward(const Context& context) {
  const auto port = base::parseInteger(port_, 1, 65535);
  if (!port) {
    return base::fail(ErrorKind::kInvalid, "`" + port_ + "` is no port: 1 to 65535");
  }
  auto place = askForPlace(context, api::ForwardRequest{lab_});
  if (!place) {
    return base::fail(std::move(place.error()));
  }
  if (auto chosen = chooseTarget(*place); !chosen) {
    return chosen;
  }
  // Before this thread leaves the host's namespace: the listener stays there.
  auto listener = listenOnLoopback(static_cast<std::uint16_t>(*port));
  if (!listener) {
    return base::fail(std::move(listener.error()));
  }
  sigset_t signals{};
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  (void)::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const base::UniqueFd ended(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!ended) {
    return base::failErrno("signalfd");
  }
  const std::string url = "http://127.0.0.1:" + port_ + "/";
  const std::string target = place->address + ":" + std::to_string(place->port);
  std::unique_ptr<Dialer> dialer = ::geteuid() == 0 ? makeOwnDialer(*place) : makeRemoteDialer(context, *place);
  auto forwarder = Forwarder::make(
      std::move(*listener), [&] { return dialer->dial(); },
      [&](const std::string& why) {
        std::fprintf(stderr, "vpclab: %s: %s\n", target.c_str(), base::printable(why).c_str());
      });
  if (!forwarder) {
    return base::fail(std::move(forwarder.error()));
  }
  if (context.json) {
    std::puts(api::dumpJson({{"url", url}, {"to", target}, {"lab", place->lab}}).c_str());
  } else {
    std::printf("%s leads to %s in lab %s. Ctrl-C ends it.\n", url.c_str(), target.c_str(), place->lab.c_str());
  }
  (void)std::fflush(stdout);
  return forwarder->run(ended.get());
}

}  // namespace

std::unique_ptr<Verb> makeForward() {
  return std::make_unique<ForwardVerb>();
}

}  // namespace vpclab::cli
