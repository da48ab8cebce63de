// What cables do to packets, by what is desired and by what the kernel has.
#include "compile/lines.h"

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;
using namespace std::chrono_literals;

namespace {

// Two VPCs with a border router and an SD-WAN each, an EIP and a load balancer.
lab::Lab loaded() {
  const std::string text = R"(lab: lines
regions: {r: {}, q: {}}
vpcs:
  v: {region: r, cidr: 10.1.0.0/16, route_policies: [{to: 10.2.0.0/16, via: br}]}
  w: {region: q, cidr: 10.2.0.0/16, route_policies: [{to: 10.1.0.0/16, via: cr}]}
vxnets:
  n: {vpc: v, cidr: 10.1.1.0/24}
  m: {vpc: w, cidr: 10.2.1.0/24}
servers:
  a: {vxnet: n}
  b: {vxnet: n}
  c: {vxnet: m}
  d: {vxnet: m}
border_routers:
  br: {region: r, vxnets: [n]}
  cr: {region: q, vxnets: [m]}
sdwan:
  s: {access_points: {x: {region: r, border_router: br}, y: {region: q, border_router: cr}}}
eips: {e: {region: r, address: 139.198.18.1}}
load_balancers:
  lb: {vxnet: n, eips: [e], listeners: {web: {port: 80, backends: [{server: a, port: 80}]}}}
)";
  lab::BundleSource source(std::map<std::string, std::string>{{"lab.yaml", text}});
  auto out = lab::load("lab.yaml", source);
  for (const auto& diagnostic : out.diagnostics) {
    FAIL(diagnostic.toString());
  }
  return std::move(out.lab);
}

compile::Lines wanted(const lab::Lab& lab, const state::Capabilities& kernel = tests::fullKernel()) {
  const auto compiled = tests::compiled(lab, kernel);
  CHECK(compiled.diagnostics.empty());
  return compile::linesOf(lab, compiled.desired);
}

// As `link set` leaves it, or a hand does, of one end.
compile::Lines withQdisc(state::Qdisc qdisc) {
  const auto lab = loaded();
  auto state = tests::compiled(lab, tests::fullKernel()).desired;
  bool found = false;
  state.each<state::Veth>([&](const state::Key&, const state::Veth& cable) {
    for (const auto* end : {&cable.a, &cable.b}) {
      found = found || (end->netns == qdisc.netns && end->name == qdisc.link);
    }
  });
  REQUIRE(found);
  state.add(std::move(qdisc));
  return compile::linesOf(lab, state);
}

lab::AccessPoint& point(lab::Lab& lab, std::size_t index) {
  return lab.sdwans.at("s").accessPoints.at(index);
}

}  // namespace

TEST_CASE("what a lab's lines delay a question and its answer by, at most") {
  auto lab = loaded();
  CHECK(wanted(lab).roundTrip == 0ms);
  lab.servers["d"].line.rate = 1'000'000;
  CHECK(wanted(lab).roundTrip == 0ms);
  lab.servers["a"].line.delay = 20'000;
  CHECK(wanted(lab).roundTrip == 40ms);
  // A way has two ends: the slowest two.
  lab.servers["b"].line = {0, 30'000, 5'000};
  lab.servers["c"].line.delay = 1'000;
  CHECK(wanted(lab).roundTrip == 2 * (35ms + 20ms));
  lab.eips["e"].line.delay = 100'000;
  point(lab, 0).line.delay = 300'000;
  point(lab, 1).line.delay = 300'000;
  CHECK(wanted(lab).roundTrip == 2 * (35ms + 20ms + 100ms + 300ms + 300ms));
  // Never too short by rounding.
  lab.servers["d"].line.delay = 35'001;
  CHECK(wanted(lab).roundTrip == 2 * (35ms + 35ms + 100ms + 300ms + 300ms) + 1ms);
}

TEST_CASE("how likely a lab's lines lose a question or its answer, at most") {
  for (const auto& kernel : {tests::fullKernel(), tests::bareKernel()}) {
    auto lab = loaded();
    CHECK(wanted(lab, kernel).loss == doctest::Approx(0));
    lab.servers["a"].line.lossPerMillion = 100'000;
    CHECK(wanted(lab, kernel).loss == doctest::Approx(1 - 0.9 * 0.9));
    // A way has two ends: the worst two.
    lab.servers["b"].line.lossPerMillion = 200'000;
    lab.servers["c"].line.lossPerMillion = 50'000;
    CHECK(wanted(lab, kernel).loss == doctest::Approx(1 - 0.9 * 0.9 * 0.8 * 0.8));
    point(lab, 0).line.lossPerMillion = 500'000;
    CHECK(wanted(lab, kernel).loss == doctest::Approx(1 - 0.9 * 0.9 * 0.8 * 0.8 * 0.25));
  }
}

TEST_CASE("what an EIP's leg loses is not lost between servers") {
  auto lab = loaded();
  lab.eips["e"].line.lossPerMillion = 500'000;
  CHECK(wanted(lab).loss == doctest::Approx(0));
}

TEST_CASE("a line that lets nothing pass says nothing of the others") {
  auto lab = loaded();
  lab.servers["a"].line.lossPerMillion = 1'000'000;
  CHECK(wanted(lab).loss == doctest::Approx(0));
  lab.servers["b"].line.lossPerMillion = 100'000;
  CHECK(wanted(lab).loss == doctest::Approx(1 - 0.9 * 0.9));
}

TEST_CASE("the slowest line that many servers share is an access point's; a server's is its own") {
  auto lab = loaded();
  lab.eips["e"].line.rate = 8'000;
  lab.servers["a"].line.rate = 8'000;
  CHECK(wanted(lab).sharedRate == 0);
  CHECK(wanted(lab).rates == std::map<std::string, std::uint64_t>{{"a", 8'000}});
  point(lab, 0).line.rate = 2'000'000;
  point(lab, 1).line.rate = 1'000'000;
  CHECK(wanted(lab).sharedRate == 1'000'000);
}

TEST_CASE("what was set at any cable counts, at whichever end it is seen") {
  const std::vector<std::pair<std::string, std::string>> ends{{"a", "eth0"}, {"switch.r", "a.n"}};
  for (const auto& end : ends) {
    const auto& netns = end.first;
    const auto& link = end.second;
    CAPTURE(netns);
    CHECK(withQdisc({netns, link, 0, 30'000, 5'000}).roundTrip == 70ms);
    CHECK(withQdisc({netns, link, 0, 0, 0, 100'000}).loss == doctest::Approx(1 - 0.9 * 0.9));
    CHECK(withQdisc({netns, link, 64'000}).rates == std::map<std::string, std::uint64_t>{{"a", 64'000}});
    CHECK(withQdisc({netns, link, 64'000, 0, 0, 0, 8'000}).rates.at("a") == 8'000);
    CHECK(withQdisc({netns, link, 64'000}).sharedRate == 0);
  }
  CHECK(withQdisc({"lb", "eth0", 64'000, 1'000}).sharedRate == 0);
  CHECK(withQdisc({"lb", "eth0", 64'000, 1'000}).roundTrip == 2ms);
}

TEST_CASE("the cable of a router is crossed twice in each direction, and all share it") {
  CHECK(withQdisc({"v", "n", 64'000, 30'000}).roundTrip == 120ms);
  CHECK(withQdisc({"v", "n", 64'000}).sharedRate == 64'000);
  CHECK(withQdisc({"v", "n", 64'000}).rates.empty());
  CHECK(withQdisc({"v", "n", 0, 0, 0, 100'000}).loss == doctest::Approx(1 - 0.9 * 0.9 * 0.9 * 0.9));
}
