#include <csignal>
#include <cstdio>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "cli/finish.h"
#include "cli/forwarder.h"
#include "cli/node_place.h"
#include "cli/verb.h"
#include "net/ip.h"

namespace vpclab::cli {

namespace {

using base::ErrorKind;

// Sockets to one target, opened in the lab's internet. The calling thread lives in that namespace, and moves when the
// lab was made anew meanwhile.
class Dialer {
 public:
  Dialer(NodePlace place, net::IpAddr address, std::uint16_t port)
      : place_(std::move(place)), address_(address), port_(port) {}

  base::Result<base::UniqueFd> operator()() {
    struct stat pin = {};
    if (::stat(place_.pin.c_str(), &pin) != 0) {
      return base::failErrno("find lab " + place_.lab + ", " + place_.pin);
    }
    if (pin.st_ino != entered_) {
      if (auto entered = enterNetns(place_); !entered) {
        return base::fail(std::move(entered.error()));
      }
      entered_ = pin.st_ino;
    }
    base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
      return base::failErrno("socket");
    }
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(port_);
    target.sin_addr.s_addr = htonl(address_.v4HostOrder());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0 &&
        errno != EINPROGRESS) {
      return base::failErrno("connect to " + address_.toString() + ":" + std::to_string(port_));
    }
    return socket;
  }

 private:
  NodePlace place_;
  net::IpAddr address_;
  std::uint16_t port_;
  ino_t entered_ = 0;
};

class ForwardVerb : public Verb {
 public:
  const char* name() const override { return "forward"; }
  const char* help() const override { return "open a port of 127.0.0.1 that leads into a lab's internet"; }
  const char* examples() const override {
    return "  sudo vpclab forward 8080                             then open http://127.0.0.1:8080/\n"
           "  sudo vpclab forward 8080 --to 139.198.18.135:80\n"
           "Runs until Ctrl-C. Listens on 127.0.0.1 alone and changes nothing of the host's network.";
  }
  void declare(VerbOptions& options) override {
    options.positional("PORT", port_, "the port on 127.0.0.1", true);
    options.option("--to", to_, "ADDRESS:PORT in the lab; default: the first load balancer's EIP");
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
  Dialer dialer(*place, *net::IpAddr::parse(place->address), place->port);
  auto forwarder = Forwarder::make(std::move(*listener), dialer, [&](const std::string& why) {
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
