#include "world.h"

#include <atomic>
#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

using vpclab::base::UniqueFd;

namespace {

int status(const std::string& command) {
  return std::system(command.c_str());
}

}  // namespace

World::World() {
  static std::atomic<int> count{0};
  prefix_ = "vptest-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + "-";
  const std::string c = netns("client");
  const std::string r1 = netns("r1");
  const std::string r2 = netns("r2");
  const std::string s = netns("server");
  for (const auto& name : {c, r1, r2, s}) {
    REQUIRE(status("ip netns add " + name) == 0);
  }
  const auto wire = [&](const std::string& a, const char* devA, const char* addressA, const std::string& b,
                        const char* devB, const char* addressB) {
    REQUIRE(status("ip -n " + a + " link add " + devA + " type veth peer name " + devB + " netns " + b) == 0);
    REQUIRE(status("ip -n " + a + " addr add " + addressA + " dev " + devA) == 0);
    REQUIRE(status("ip -n " + b + " addr add " + addressB + " dev " + devB) == 0);
    REQUIRE(status("ip -n " + a + " link set " + devA + " up") == 0);
    REQUIRE(status("ip -n " + b + " link set " + devB + " up") == 0);
  };
  wire(c, "eth0", "10.1.0.2/24", r1, "left", "10.1.0.1/24");
  wire(r1, "right", "10.2.0.1/24", r2, "left", "10.2.0.2/24");
  wire(r2, "right", "10.3.0.1/24", s, "eth0", "10.3.0.2/24");
  for (const auto& name : {c, r1, r2, s}) {
    REQUIRE(status("ip -n " + name + " link set lo up") == 0);
  }
  for (const auto& name : {r1, r2}) {
    REQUIRE(status("ip netns exec " + name +
                   " sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'") == 0);
  }
  REQUIRE(ip("client", "route add default via 10.1.0.1") == 0);
  REQUIRE(ip("r1", "route add 10.3.0.0/24 via 10.2.0.2") == 0);
  REQUIRE(ip("r2", "route add 10.1.0.0/24 via 10.2.0.1") == 0);
  REQUIRE(ip("server", "route add default via 10.3.0.1") == 0);
}

World::~World() {
  for (const auto* node : {"client", "r1", "r2", "server"}) {
    (void)status("ip netns del " + netns(node));
  }
}

int World::ip(const std::string& node, const std::string& arguments) const {
  return status("ip -n " + netns(node) + " " + arguments);
}

int World::exec(const std::string& node, const std::string& command) const {
  return status("ip netns exec " + netns(node) + " " + command + " > /dev/null 2>&1");
}

UniqueFd World::socket(const std::string& node, int type, int protocol) const {
  const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd there(::open(("/run/netns/" + netns(node)).c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(home.valid());
  REQUIRE(there.valid());
  REQUIRE(::setns(there.get(), CLONE_NEWNET) == 0);
  UniqueFd out(::socket(AF_INET, type | SOCK_CLOEXEC, protocol));
  if (::setns(home.get(), CLONE_NEWNET) != 0) {
    std::abort();  // never go on in the wrong namespace
  }
  REQUIRE(out.valid());
  return out;
}

vpclab::net::IpAddr address(const char* text) {
  const auto out = vpclab::net::IpAddr::parse(text);
  REQUIRE(out.has_value());
  return *out;
}
