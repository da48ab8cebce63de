#include <chrono>
#include <map>
#include <thread>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

constexpr int kHosts = 15;
constexpr const char* kNetwork = "ip -j link; ip -j addr; ip -j route show table all; ip -j rule; nft list ruleset";

std::string host(int i) {
  return "h" + std::to_string(i);
}

// Bridges in one namespace, hosts with an address and a route each: about as much as the tutorial's last stage.
std::vector<std::vector<Object>> batches() {
  std::vector<std::vector<Object>> out(6);
  out[0].emplace_back(Netns{"sw"});
  for (int b = 0; b < 5; ++b) {
    out[2].emplace_back(Bridge{"sw", "br" + std::to_string(b), net::Mac::fromSeed("br" + std::to_string(b))});
  }
  for (int i = 0; i < 20; ++i) {
    const std::string node = host(i % kHosts);
    const std::string eth = "eth" + std::to_string(i / kHosts);
    const auto address = net::Prefix(net::IpAddr::v4(0x0a000001U + static_cast<std::uint32_t>(i) * 256U), 24);
    VethEnd port{"sw", node + "-" + eth, net::Mac::fromSeed("p" + std::to_string(i))};
    port.master = "br" + std::to_string(i % 5);
    out[3].emplace_back(makeVeth(port, {node, eth, net::Mac::fromSeed("e" + std::to_string(i))}));
    out[4].emplace_back(Address{node, eth, address});
    out[4].emplace_back(Sysctls{node, eth, Parameters({{"net/ipv4/conf/" + eth + "/accept_redirects", "0"}})});
    Route route;
    route.netns = node;
    route.destination = net::Prefix(net::IpAddr::v4(0xac100000U + static_cast<std::uint32_t>(i) * 256U), 24);
    route.gateway = address.at(254);
    route.device = eth;
    out[5].emplace_back(route);
  }
  for (int i = 0; i < kHosts; ++i) {
    out[0].emplace_back(Netns{host(i)});
    out[1].emplace_back(Sysctls{host(i),
                                {},
                                Parameters({{kIpForward, "1"},
                                            {"net/ipv6/conf/all/disable_ipv6", "1"},
                                            {"net/ipv6/conf/default/disable_ipv6", "1"}})});
  }
  return out;
}

// On this thread, whose network namespace stands for the host's.
void comeAndGo() {
  REQUIRE(tests::shell("ip link set lo up; ip link add br-host type bridge; ip address add 10.0.0.254/24 dev br-host; "
                       "ip route add 172.16.0.0/24 dev lo; ip rule add from 10.0.0.1 table 7; "
                       "nft add table ip vpclab") == "");
  const std::string before = tests::shell(kNetwork);
  LabFixture lab;
  const auto all = batches();
  const auto since = [](auto start) {
    return std::chrono::duration<double, std::milli>(base::Clock::now() - start).count();
  };
  const auto start = base::Clock::now();
  std::string parts;
  for (const auto& batch : all) {
    const auto begun = base::Clock::now();
    lab.create(batch);
    parts += " " + std::to_string(since(begun));
  }
  MESSAGE("up: ", since(start), " ms (", parts, ")");
  const auto looked = base::Clock::now();
  const State observed = lab.observe();
  MESSAGE("observe: ", since(looked), " ms");
  for (const auto& batch : all) {
    for (const auto& object : batch) {
      const auto* found = observed.find(keyOf(object));
      REQUIRE_MESSAGE(found != nullptr, keyOf(object).toString());
      CHECK_MESSAGE(isAsWanted(normalise(object), *found->object), keyOf(object).toString());
    }
  }
  const auto down = base::Clock::now();
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  MESSAGE("down: ", since(down), " ms");
  CHECK(tests::shell(kNetwork) == before);
}

}  // namespace

TEST_CASE("a lab of 16 namespaces and 20 links comes and goes, whole") {
  tests::skipUnlessRoot();
  // Of the host's own network others change something meanwhile, if only a counter or the rest of an address' lifetime.
  std::thread([] {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);
    comeAndGo();
  }).join();
}

TEST_CASE("where /proc/sys is read-only, parameters are written all the same") {
  tests::skipUnlessRoot();
  // In a process of its own, with a mount namespace of its own.
  const pid_t child = ::fork();
  if (child == 0) {
    const bool readOnly = ::unshare(CLONE_NEWNS) == 0 &&
                          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          ::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr) == 0 &&
                          ::mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    if (!readOnly || tests::shell("echo 1 > /proc/sys/net/ipv4/ip_forward").find("ead-only") == std::string::npos) {
      ::_exit(2);
    }
    LabFixture lab("ro");
    lab.makeNodes({"r"});
    const Sysctls limit{"r", {}, Parameters({Parameter{"net/ipv4/fwmark_reflect", "1"}})};
    const auto results = lab.execute(plan::Action::kCreate, {limit});
    const bool written = results.front().has_value();
    if (!written) {
      std::puts(results.front().error().message().c_str());
      std::fflush(stdout);
    }
    const bool seen = lab.holds(limit);
    const bool gone = lab.system->destroy(lab.name, LabFixture::soon()).empty();
    std::filesystem::remove_all(lab.directory);  // _exit() runs no destructor
    ::_exit(!written ? 3 : !seen ? 4 : !gone ? 5 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
