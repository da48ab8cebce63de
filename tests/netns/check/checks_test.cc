#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check/probe_client.h"
#include "check/runner.h"
#include "web.h"
#include "world.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

namespace {

class TestLab : public LabPort {
 public:
  explicit TestLab(const World& world) : world_(world) {}

  base::Result<base::UniqueFd> openSocket(const std::string& node, SocketKind kind) override {
    if (kind == SocketKind::kIcmp) {
      return world_.socket(node, SOCK_RAW, IPPROTO_ICMP);
    }
    auto socket = world_.socket(node, kind == SocketKind::kUdp ? SOCK_DGRAM : SOCK_STREAM, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    if (kind != SocketKind::kTcp) {
      REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    }
    if (kind == SocketKind::kTcpListener) {
      REQUIRE(::listen(socket.get(), 8) == 0);
    }
    return socket;
  }
  base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string&) override { return std::vector<TunnelPeer>{}; }
  base::Result<std::vector<BackendStatus>> backends(const std::string&, const std::string&) override {
    return std::vector<BackendStatus>{};
  }
  base::Result<std::map<std::string, std::vector<std::string>>> requestIds(const std::string& prefix) override {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [server, web] : webs) {
      for (const auto& id : web->ids()) {
        if (id.starts_with(prefix)) {
          out[server].push_back(id);
        }
      }
    }
    return out;
  }
  std::map<std::string, const Web*> webs;

 private:
  const World& world_;
};

Vantage client() {
  return {"client", "Client", {{address("10.1.0.2"), 0, "Client"}, {address("10.1.0.1"), 0, "R1"}}};
}
Target server() {
  return {"服务器", address("10.3.0.2"),
          Vantage{"server", "服务器", {{address("10.3.0.2"), 0, "服务器"}, {address("10.3.0.1"), 0, "R2"}}}};
}

CheckSpec pingCheck(bool reachable, std::chrono::milliseconds within) {
  CheckSpec out;
  out.pos = {"lab.yaml", 3, 5};
  out.within = within;
  out.what = PingSpec{client(), server(), reachable};
  return out;
}

CheckResult runOne(const World& world, const CheckSpec& check, TestLab* lab = nullptr) {
  auto probes = ProbeClient::start({VPCLAB_TEST_PROBE_WORKER, 65534});
  REQUIRE(probes);
  TestLab own(world);
  const Report report = runChecks({check}, lab != nullptr ? *lab : own, *probes, {"test", {}, {}});
  REQUIRE(report.results.size() == 1);
  INFO(report.results[0].seen);
  return report.results[0];
}

}  // namespace

TEST_CASE("blocked is not broken") {
  const World world;
  CHECK(runOne(world, pingCheck(true, 5s)).outcome == Outcome::kPassed);
  const auto answered = runOne(world, pingCheck(false, 300ms));
  CHECK(answered.outcome == Outcome::kFailed);
  CHECK(answered.seen.find("answered") != std::string::npos);

  SUBCASE("blocked by a router, told by ICMP") {
    REQUIRE(world.ip("r1", "route del 10.3.0.0/24") == 0);
    const auto result = runOne(world, pingCheck(false, 5s));
    CHECK(result.outcome == Outcome::kPassed);
    CHECK(result.seen == "Destination Net Unreachable from 10.1.0.1");
    CHECK(runOne(world, pingCheck(true, 300ms)).outcome == Outcome::kFailed);
  }
  SUBCASE("blocked in silence") {
    REQUIRE(world.ip("r2", "route replace blackhole 10.1.0.0/24") == 0);
    const auto result = runOne(world, pingCheck(false, 5s));
    CHECK(result.outcome == Outcome::kPassed);
    CHECK(result.seen == "none of 3 answered");
  }
  SUBCASE("a prober whose link is down proves nothing") {
    REQUIRE(world.ip("client", "link set eth0 down") == 0);
    const auto result = runOne(world, pingCheck(false, 300ms));
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.seen.find("the prober Client does not work") != std::string::npos);
  }
  SUBCASE("a prober without its address proves nothing") {
    REQUIRE(world.ip("client", "addr flush dev eth0") == 0);
    CHECK(runOne(world, pingCheck(false, 300ms)).outcome == Outcome::kFailed);
  }
  SUBCASE("a target that is dead is not blocked") {
    REQUIRE(world.ip("server", "link set eth0 down") == 0);
    const auto result = runOne(world, pingCheck(false, 300ms));
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.seen.find("the target 服务器 is not alive") != std::string::npos);
  }
}

TEST_CASE("a path check tells a way around") {
  const World world;
  CheckSpec check;
  check.within = 20s;
  PathSpec path{
      client(), server(), {{"R1", {address("10.1.0.1"), address("10.2.0.1")}}, {"R2", {address("10.2.0.2")}}}};
  check.what = path;
  const auto good = runOne(world, check);
  CHECK(good.outcome == Outcome::kPassed);
  CHECK(good.seen == "R1 (10.1.0.1), R2 (10.2.0.2)");
  CHECK(good.expected == "through R1, R2");
  std::swap(path.through[0], path.through[1]);
  check.what = path;
  check.within = 500ms;
  CHECK(runOne(world, check).outcome == Outcome::kFailed);
  path.through.resize(1);
  check.what = path;
  CHECK(runOne(world, check).outcome == Outcome::kFailed);
}

TEST_CASE("a rotation is told by pages and by access logs") {
  const World world;
  // One server that plays two: the pages of "a" and "b" in turn.
  const std::string order = "baba";
  unsigned skip = 0;
  const Web web(world.socket("server", SOCK_STREAM, 0), 80, [&](unsigned n, const std::string&) {
    return response(std::string("page ") + order[(n + skip) % order.size()]);
  });
  TestLab lab(world);
  HttpSpec spec;
  spec.from = client();
  spec.to = server();
  spec.url = "http://10.3.0.2/";
  spec.hostHeader = "10.3.0.2";
  spec.times = 4;
  spec.pages = {{"a", {"A", "page a", false}}, {"b", {"B", "page b", false}}};
  spec.rotation = {"a", "b"};
  spec.serialGroup = "lb";
  CheckSpec check;
  check.within = 20s;
  for (const auto connections : {Connections::kNew, Connections::kKeepAlive}) {
    spec.connections = connections;
    check.what = spec;
    const auto result = runOne(world, check, &lab);
    CHECK(result.outcome == Outcome::kPassed);
    CHECK(result.seen == "200 from 2 × (B, A)");
    CHECK(result.answers.size() == 4);
  }
  check.within = 1s;
  SUBCASE("the log contradicts") {
    spec.pages["b"].logged = true;
    lab.webs["b"] = &web;  // has the requests of "a" too
    check.what = spec;
    const auto result = runOne(world, check, &lab);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.seen.find("but is in the access log of B") != std::string::npos);
  }
  SUBCASE("the wrong order is final soon") {
    spec.rotation = {"a", "a", "b"};
    check.what = spec;
    check.within = 60s;
    const auto result = runOne(world, check, &lab);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.rounds == 3);
  }
  SUBCASE("a refused connection is the expected one only from a live server") {
    spec.reachable = false;
    check.what = spec;
    CHECK(runOne(world, check, &lab).outcome == Outcome::kFailed);
    REQUIRE(world.ip("r1", "route del 10.3.0.0/24") == 0);
    const auto result = runOne(world, check, &lab);
    CHECK(result.outcome == Outcome::kPassed);
    CHECK(result.seen == "connect: Network is unreachable");
    spec.to.alive->witnesses.push_back({address("10.3.0.2"), 81, "服务器"});
    check.what = spec;
    check.within = 5s;
    CHECK(runOne(world, check, &lab).seen.find("10.3.0.2:81) does not answer it: connect: Connection refused") !=
          std::string::npos);
  }
}

TEST_CASE("packets that get lost are counted in each direction") {
  const World world;
  CheckSpec check;
  check.within = 20s;
  LossSpec loss{client(), server(), "server", {0, 0, "0%"}, 500};
  check.what = loss;
  const auto none = runOne(world, check);
  CHECK(none.outcome == Outcome::kPassed);
  CHECK(none.seen == "0 of 500 lost (0.00%) there, 0 of 500 lost (0.00%) back");
  check.within = 1s;

  REQUIRE(world.exec("server", "nft add table netdev t") == 0);
  REQUIRE(world.exec("server",
                     "nft add chain netdev t in '{ type filter hook ingress device \"eth0\" priority 0; }'") == 0);
  REQUIRE(world.exec("server", "nft add rule netdev t in udp length '>' 40 numgen random mod 10 '<' 3 drop") == 0);
  CHECK(runOne(world, check).outcome == Outcome::kFailed);
  loss.loss = {200'000, 400'000, "20%..40%"};
  loss.packets = 1000;
  check.what = loss;
  const auto one = runOne(world, check);
  CHECK(one.outcome == Outcome::kFailed);  // there, but not back
  REQUIRE(one.measured.size() == 2);
  CHECK(one.measured[0].value > 20);
  CHECK(one.measured[0].value < 40);
  CHECK(one.measured[1].value == 0);
}

TEST_CASE("throughput is measured there and back") {
  const World world;
  CheckSpec check;
  check.within = 20s;
  ThroughputSpec spec{client(), server(), "server", {50'000'000, INT64_MAX, "50mbit.."}, 1s};
  check.what = spec;
  const auto free = runOne(world, check);
  CHECK(free.outcome == Outcome::kPassed);
  CHECK(free.measured.size() == 2);

  // What leaves the server is limited, what it gets is not.
  REQUIRE(world.exec("server", "tc qdisc add dev eth0 root tbf rate 8mbit burst 16kb latency 50ms") == 0);
  // Of 8 Mbit/s on the line 7.65 are what a segment carries.
  spec.rate = {6'000'000, 7'900'000, "6mbit..7.9mbit"};
  check.what = spec;
  check.within = 1s;
  const auto limited = runOne(world, check);
  CHECK(limited.outcome == Outcome::kFailed);
  REQUIRE(limited.measured.size() == 2);
  CHECK(limited.measured[0].value > 20e6);
  CHECK(limited.measured[1].value > 6e6);
  CHECK(limited.measured[1].value < 7.9e6);
  REQUIRE(world.exec("r2", "tc qdisc add dev right root tbf rate 8mbit burst 16kb latency 50ms") == 0);
  check.within = 10s;
  CHECK(runOne(world, check).outcome == Outcome::kPassed);
  check.within = 1s;

  // Nobody there: told, and in time.
  REQUIRE(world.ip("server", "link set eth0 down") == 0);
  const auto gone = runOne(world, check);
  CHECK(gone.outcome == Outcome::kFailed);
  CHECK_FALSE(gone.seen.empty());
}

// A lost segment holds back all that comes behind it until it has been sent again: half a second's bytes, which would
// be missing where they wait at the end, and too many where they waited at the beginning.
TEST_CASE("throughput is what arrives, where segments get lost too") {
  const World world;
  for (const auto& [node, device] : {std::pair("server", "eth0"), std::pair("r2", "right")}) {
    REQUIRE(world.exec(
                node, std::string("tc qdisc add dev ") + device + " root tbf rate 8mbit burst 16kb latency 50ms") == 0);
  }
  REQUIRE(world.exec("client", "nft add table netdev t") == 0);
  REQUIRE(world.exec("client",
                     "nft add chain netdev t in '{ type filter hook ingress device \"eth0\" priority 0; }'") == 0);
  REQUIRE(world.exec("client", "nft add rule netdev t in meta length '>' 400 numgen random mod 20 0 drop") == 0);
  CheckSpec check;
  check.what = ThroughputSpec{client(), server(), "server", {6'000'000, 7'900'000, "6mbit..7.9mbit"}, 400ms};
  check.within = 0s;
  for (int i = 0; i < 8; ++i) {
    const auto lossy = runOne(world, check);
    REQUIRE(lossy.measured.size() == 2);
    CHECK(lossy.measured[1].value > 0);  // some congestion controls slow down a good deal
    CHECK(lossy.measured[1].value < 7.9e6);
  }
}

TEST_CASE("a mean round-trip time and a loss of pings are held against ranges") {
  const World world;
  CheckSpec check;
  check.within = 20s;
  PingSpec ping{client(), server()};
  ping.times = 20;
  ping.rtt = Range{0, 20'000, "..20ms"};
  ping.loss = Range{0, 0, "0%"};
  check.what = ping;
  const auto good = runOne(world, check);
  CHECK(good.outcome == Outcome::kPassed);
  CHECK(good.expected == "rtt ..20ms, loss 0%");
  ping.rtt = Range{40'000, 60'000, "40ms..60ms"};
  check.what = ping;
  check.within = 300ms;
  CHECK(runOne(world, check).outcome == Outcome::kFailed);
}
