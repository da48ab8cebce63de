#include <cerrno>
#include <functional>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "lb/balancer.h"

using namespace vpclab;
using base::Clock;
using std::chrono::milliseconds;

namespace {

// A port of a loopback address that is taken, and refuses connections until it is opened.
struct Port {
  explicit Port(const std::string& text)
      : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), address(*net::IpAddr::parse(text)) {
    sockaddr_in wanted{};
    wanted.sin_family = AF_INET;
    wanted.sin_addr.s_addr = htonl(address.v4HostOrder());
    socklen_t size = sizeof(wanted);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&wanted), size) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&wanted), &size) == 0);
    port = ntohs(wanted.sin_port);
  }
  void open() { REQUIRE(::listen(fd.get(), 256) == 0); }

  base::UniqueFd fd;
  net::IpAddr address;
  std::uint16_t port = 0;
};

// A balancer in this thread, with the default interval of 10 s; a datagram stands for a message of the kernel.
struct Fixture {
  explicit Fixture(const std::vector<const Port*>& backends) : front("127.0.21.1") {
    front.open();
    config.name = "web";
    config.listen = {"", front.address, front.port};
    for (const Port* one : backends) {
      config.backends.push_back({.name = one->address.toString(), .address = one->address, .port = one->port});
    }
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    kernel.reset(ends[0]);
    REQUIRE(balancer.watchRoutes(base::UniqueFd(ends[1])));
    configure();
  }
  void configure() {
    base::UniqueFd copy(::fcntl(front.fd.get(), F_DUPFD_CLOEXEC, 0));
    std::vector<base::UniqueFd> sockets;
    sockets.push_back(std::move(copy));
    REQUIRE(balancer.configure({"lb", {config}}, std::move(sockets)));
  }
  void change() { REQUIRE(::send(kernel.get(), "x", 1, 0) == 1); }
  lb::BackendStatus backend(std::size_t index) const { return balancer.status()[0].backends[index]; }
  bool within(milliseconds span, const std::function<bool()>& holds) {
    const auto end = Clock::now() + span;
    while (!holds() && Clock::now() < end) {
      REQUIRE(loop->runOnce(milliseconds(10)));
    }
    return holds();
  }
  void wait(milliseconds span) {
    within(span, [] { return false; });
  }

  Port front;
  state::Listener config;
  base::UniqueFd kernel;
  lb::LogSink log{-1};
  std::unique_ptr<lb::EventLoop> loop = *lb::EventLoop::create();
  lb::Balancer balancer{*loop, log};
};

base::UniqueFd connectTo(const Port& port) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(port.address.v4HostOrder());
  to.sin_port = htons(port.port);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
  return fd;
}

// The test's side of a connection.
struct Peer {
  explicit Peer(base::UniqueFd socket = {}) : fd(std::move(socket)) {}
  void say(const std::string& text) const {
    REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  const std::string& hears() {  // all so far
    char bytes[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd.get(), bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
      heard.append(bytes, static_cast<std::size_t>(n));
    }
    end = end || n == 0 || errno != EAGAIN;
    return heard;
  }
  bool ended() {
    hears();
    return end;
  }

  base::UniqueFd fd;
  std::string heard;
  bool end = false;
};

// A session owns its balancer's parts, so that none may be left.
void hangUp(Fixture& lab, Peer& client, Peer& upstream) {
  client.fd.reset();
  upstream.fd.reset();
  CHECK(lab.within(milliseconds(3000), [&] { return lab.balancer.open() == 0; }));
}

}  // namespace

TEST_CASE("a server that starts after the balancer is up soon, and its first success is enough") {
  Port server("127.0.21.2");
  Fixture lab({&server});
  REQUIRE(lab.within(milliseconds(2000), [&] { return lab.backend(0).checks >= 3; }));
  CHECK(lab.backend(0).state == "down");
  CHECK(lab.backend(0).reason == "connect: Connection refused");
  const auto failed = lab.backend(0).checks;
  server.open();
  REQUIRE(lab.within(milliseconds(3000), [&] { return lab.backend(0).state == "up"; }));
  CHECK(lab.backend(0).checks == failed + 1);
}

TEST_CASE("after a change of routes every backend is looked at, and one that is down again and again") {
  Port one("127.0.21.3");
  Port two("127.0.21.4");
  one.open();
  two.open();
  Fixture lab({&one, &two});
  const auto both = [&](const std::string& state, std::uint64_t checks) {
    return [&lab, state, checks] {
      return lab.backend(0).state == state && lab.backend(1).state == state && lab.backend(0).checks >= checks &&
             lab.backend(1).checks >= checks;
    };
  };
  REQUIRE(lab.within(milliseconds(3000), both("up", 1)));
  lab.wait(milliseconds(300));
  CHECK(lab.backend(0).checks == 1);
  lab.change();
  REQUIRE(lab.within(milliseconds(3000), both("up", 2)));

  // Down after `fall` failures, and looked at again far before the interval is over.
  one.fd.reset();
  two.fd.reset();
  lab.change();
  CHECK(lab.within(milliseconds(5000), both("down", 2 + 2 + 3)));
}

TEST_CASE("after a change of routes no request goes by a connection of before, which may have lost its address") {
  Port server("127.0.21.6");
  server.open();
  Fixture lab({&server});
  REQUIRE(lab.within(milliseconds(3000), [&] { return lab.backend(0).state == "up"; }));
  Peer client(connectTo(lab.front));
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream;
  REQUIRE(lab.within(milliseconds(3000), [&] {
    if (!upstream.fd || upstream.ended()) {  // one that ends is a check's
      upstream = Peer(base::UniqueFd(::accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    }
    return upstream.fd && upstream.hears().starts_with("GET / ");
  }));
  upstream.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(lab.within(milliseconds(3000), [&] { return client.hears().ends_with("ok"); }));
  lab.wait(milliseconds(300));
  CHECK_FALSE(upstream.ended());
  lab.change();
  CHECK(lab.within(milliseconds(1000), [&] { return upstream.ended(); }));
  hangUp(lab, client, upstream);
}

TEST_CASE("after a change of routes a connection that is being made is made anew, by the new ones") {
  Port server("127.0.21.7");
  server.open();
  Fixture lab({&server});
  const auto accepted = [&] { return base::UniqueFd(::accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)); };
  REQUIRE(lab.within(milliseconds(3000), [&] { return lab.backend(0).state == "up"; }));
  while (accepted()) {  // checks
  }
  // One that nobody accepts fills the queue, so that the balancer's SYN is lost. It would be sent again in a second.
  REQUIRE(::listen(server.fd.get(), 0) == 0);
  const base::UniqueFd filler = connectTo(server);
  Peer client(connectTo(lab.front));
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  lab.wait(milliseconds(200));
  REQUIRE(::listen(server.fd.get(), 256) == 0);
  CHECK(accepted());
  CHECK_FALSE(accepted());
  lab.change();
  Peer upstream;
  CHECK(lab.within(milliseconds(400), [&] {
    if (!upstream.fd || upstream.ended()) {
      upstream = Peer(accepted());
    }
    return upstream.fd && upstream.hears().starts_with("GET / ");
  }));
  hangUp(lab, client, upstream);
}

TEST_CASE("a backend that is enabled later is as new") {
  Port server("127.0.21.5");
  Fixture lab({&server});
  lab.config.backends[0].disabled = true;
  lab.configure();
  lab.wait(milliseconds(300));
  const auto checks = lab.backend(0).checks;
  CHECK(lab.backend(0).state == "disabled");
  lab.config.backends[0].disabled = false;
  lab.configure();
  CHECK(lab.within(milliseconds(3000), [&] { return lab.backend(0).checks >= checks + 3; }));
}
