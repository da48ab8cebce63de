#include "world.h"

#include <array>
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

constexpr std::array kNodes{"client", "r1", "r2", "server"};

int status(const std::string& command) {
  return std::system(command.c_str());
}

// Many ip(8) commands by one process, which is what takes the time where processors are emulated.
int batch(const std::string& options, const std::string& commands) {
  return status("ip " + options + " -batch - <<'END'\n" + commands + "END\n");
}

}  // namespace

World::World() {
  static std::atomic<int> count{0};
  prefix_ = "vptest-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + "-";
  std::string namespaces;
  for (const auto* node : kNodes) {
    namespaces += "netns add " + netns(node) + "\n";
  }
  REQUIRE(batch("", namespaces) == 0);
  // Each end of a cable is up with its address; the first of the two makes it.
  const auto cable = [&](const char* device, const std::string& peer, const char* node) {
    return std::string("link add ") + device + " type veth peer name " + peer + " netns " + netns(node) + "\n";
  };
  const auto end = [](const std::string& device, const std::string& address) {
    return "address add " + address + " dev " + device + "\nlink set " + device + " up\n";
  };
  const std::string loopback = "link set lo up\n";
  const auto in = [&](const char* node, const std::string& commands) {
    REQUIRE(batch("-n " + netns(node), commands) == 0);
  };
  in("r1", cable("left", "eth0", "client") + cable("right", "left", "r2") + loopback + end("left", "10.1.0.1/24") +
               end("right", "10.2.0.1/24") + "route add 10.3.0.0/24 via 10.2.0.2\n");
  in("r2", cable("right", "eth0", "server") + loopback + end("left", "10.2.0.2/24") + end("right", "10.3.0.1/24") +
               "route add 10.1.0.0/24 via 10.2.0.1\n");
  in("client", loopback + end("eth0", "10.1.0.2/24") + "route add default via 10.1.0.1\n");
  in("server", loopback + end("eth0", "10.3.0.2/24") + "route add default via 10.3.0.1\n");
  for (const auto* node : {"r1", "r2"}) {
    REQUIRE(status("ip netns exec " + netns(node) +
                   " sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'") == 0);
  }
  // The kernel passes packets on once it has looked at each link's carrier, from a thread of its own, and on a busy
  // host that takes its time; what is lost before is sent again only a second later.
  REQUIRE(exec("client", "ping -c 1 -i 0.2 -w 20 10.3.0.2") == 0);
}

World::~World() {
  std::string namespaces;
  for (const auto* node : kNodes) {
    namespaces += "netns del " + netns(node) + "\n";
  }
  (void)batch("-force", namespaces);
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
