// Impairments all the way from the file to kernel objects and the plan, on both kinds of kernel.
#include <doctest/doctest.h>

#include "plan/plan.h"
#include "plan/render.h"
#include "state/ingress_loss.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

const std::string kHead = R"(
lab: lines
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.0.0.0/16}}
vxnets: {n: {vpc: v, cidr: 10.0.1.0/24}}
servers:
)";

compile::Compiled compiledOf(const std::string& servers, const Capabilities& capabilities) {
  lab::BundleSource source({{"lab.yaml", kHead + servers}});
  const auto loaded = lab::load("lab.yaml", source);
  for (const auto& diagnostic : loaded.diagnostics) {
    FAIL(diagnostic.toString());
  }
  return tests::compiled(loaded.lab, capabilities);
}

Qdisc qdiscOf(const compile::Compiled& compiled, const std::string& netns, const std::string& link) {
  const auto* found = compiled.desired.get<Qdisc>(Qdisc{netns, link}.key());
  return found == nullptr ? Qdisc{} : *found;
}

IngressLosses lossesOf(const State& state, const std::string& netns) {
  const auto* found = state.get<NftTable>(NftTable{netns, "", NftFamily::kNetdev}.key());
  return found == nullptr ? IngressLosses() : ingressLossesOf(*found);
}

}  // namespace

TEST_CASE("a line's impairments are at both ends of its cable") {
  const std::string servers = "  a: {vxnet: n, delay: 20ms, jitter: 500us, loss: 1%, rate: 10mbit}\n  b: {vxnet: n}\n";
  const auto full = compiledOf(servers, tests::fullKernel());
  CHECK(full.diagnostics.empty());
  for (const auto& [netns, link] : {std::pair("a", "eth0"), std::pair("switch.r", "a.n")}) {
    CHECK(qdiscOf(full, netns, link) == Qdisc{netns, link, 10'000'000, 20'000, 500, 10'000});
  }
  CHECK(qdiscOf(full, "b", "eth0") == Qdisc{});
  CHECK(lossesOf(full.desired, "a").empty());
}

TEST_CASE("without netem loss is at both ingresses, rate is tbf's, delay and jitter are refused with their places") {
  const auto bare =
      compiledOf("  a: {vxnet: n, loss: 0.05%, rate: 1mbit}\n  b: {vxnet: n, loss: 100%}\n", tests::bareKernel());
  CHECK(bare.diagnostics.empty());
  CHECK(lossesOf(bare.desired, "a") == IngressLosses{{"eth0", 500}});
  CHECK(lossesOf(bare.desired, "switch.r") == IngressLosses{{"a.n", 500}, {"b.n", 1'000'000}});
  CHECK(qdiscOf(bare, "a", "eth0") == Qdisc{"a", "eth0", 1'000'000});
  CHECK(qdiscOf(bare, "b", "eth0") == Qdisc{});

  const auto refused = compiledOf("  a: {vxnet: n, delay: 20ms, jitter: 5ms}\n", tests::bareKernel());
  REQUIRE(refused.diagnostics.size() == 2);
  const std::string first = refused.diagnostics[0].toString();
  CHECK(first.starts_with("lab.yaml:7:24: error: server a has a delay, which needs netem"));
  CHECK(first.find("linux-image-amd64") != std::string::npos);
  CHECK(refused.diagnostics[1].toString().starts_with("lab.yaml:7:38: error: server a has a jitter"));

  Capabilities nothing = tests::bareKernel();
  nothing.ingressLoss = nothing.tbf = false;
  CHECK(compiledOf("  a: {vxnet: n, loss: 1%, rate: 1mbit}\n", nothing).diagnostics.size() == 2);
  // Beside a delay, too, the rate is tbf's.
  Capabilities netemOnly = tests::fullKernel();
  netemOnly.tbf = false;
  const auto without = compiledOf("  a: {vxnet: n, delay: 20ms, rate: 1mbit}\n", netemOnly).diagnostics;
  REQUIRE(without.size() == 1);
  CHECK(without[0].toString().find("needs tbf") != std::string::npos);
}

TEST_CASE("the text of a table of losses is read as it was written") {
  const IngressLosses losses{{"eth0", 10'000}, {"a.b-c~1", 1'000'000}};
  const NftTable table = ingressLossTable("x", losses);
  CHECK(ingressLossesOf(table) == losses);
  CHECK(table.key().name == "netdev vpclab");
  CHECK(ingressDevicesOf(table) == std::vector<std::string>{"a.b-c~1", "eth0"});
  CHECK(ingressLossesOf(withoutIngress(table, "eth0")) == IngressLosses{{"a.b-c~1", 1'000'000}});
  CHECK(withoutIngress(table, "eth1").body == table.body);
  CHECK(ingressLossesOf(withoutIngress(withoutIngress(table, "eth0"), "a.b-c~1")).empty());
  // Somebody else's chains are not read as ours, and nothing breaks.
  CHECK(
      ingressLossesOf({"x", "\tchain a {\n\t\ttype filter hook ingress device \"e\n\t\tcounter\n", NftFamily::kNetdev})
          .empty());
  CHECK(ingressDevicesOf({"x", table.body, NftFamily::kIp}).empty());
}

TEST_CASE("changing a line changes that line only") {
  const auto plan = [](const std::string& before, const std::string& after, const Capabilities& kernel) {
    const auto from = compiledOf(before, kernel).desired;
    return plan::diff(compiledOf(after, kernel).desired, from);
  };
  const std::string two = "  a: {vxnet: n, rate: 1mbit}\n  b: {vxnet: n, loss: 1%}\n";
  const auto faster = plan(two, "  a: {vxnet: n, rate: 2mbit}\n  b: {vxnet: n, loss: 1%}\n", tests::bareKernel());
  REQUIRE(faster.steps.size() == 2);
  for (const auto& step : faster.steps) {
    CHECK(step.action == plan::Action::kUpdate);
    CHECK(step.key.kind == Kind::kQdisc);
    CHECK(step.reason == "rate 1mbit -> 2mbit");
  }
  const auto lossier = plan(two, "  a: {vxnet: n, rate: 1mbit}\n  b: {vxnet: n, loss: 2%}\n", tests::bareKernel());
  REQUIRE(lossier.steps.size() == 2);
  CHECK(lossier.steps[0].action == plan::Action::kUpdate);
  CHECK(lossier.steps[0].key.kind == Kind::kNftTable);
  CHECK(lossier.steps[0].reason ==
        "[numgen random mod 1000000 < 20000 drop] added, [numgen random mod 1000000 < 10000 drop] removed");
  // A server that goes takes its chain along; those of others are written again in one transaction.
  const auto fewer = plan("  a: {vxnet: n, loss: 3%}\n  b: {vxnet: n, address: 10.0.1.9, loss: 1%}\n",
                          "  b: {vxnet: n, address: 10.0.1.9, loss: 1%}\n", tests::bareKernel());
  CHECK_FALSE(fewer.empty());
  for (const auto& step : fewer.steps) {
    CHECK(step.key.netns != "b");
    CHECK_FALSE((step.key.kind == Kind::kNftTable && step.action == plan::Action::kDelete));
  }
}

TEST_CASE("by hand a rate is put below a delay, and what becomes another kind is made anew") {
  const auto shell = [](const std::string& after, const std::string& before) {
    const auto from = compiledOf("  a: {vxnet: n" + before + "}\n", tests::fullKernel()).desired;
    const auto to = compiledOf("  a: {vxnet: n" + after + "}\n", tests::fullKernel()).desired;
    return plan::renderShell(plan::diff(to, from), "lines");
  };
  const std::string tc = "tc -n vpclab.lines.a qdisc ";
  const std::string netem = tc + "replace dev eth0 root handle 1: netem delay 20000us 0us";
  const std::string below = tc + "replace dev eth0 parent 1:1 handle 2: tbf rate 1mbit";
  const std::string both = shell(", delay: 20ms, rate: 1mbit", ", delay: 10ms");
  CHECK(both.find(netem + " limit 1000000\n" + below) != std::string::npos);
  CHECK(both.find("delete") == std::string::npos);
  const std::string away = tc + "delete dev eth0 root\n";
  CHECK(shell(", rate: 1mbit", ", delay: 20ms, rate: 1mbit").find(away + tc + "replace dev eth0 root tbf") !=
        std::string::npos);
  CHECK(shell(", delay: 20ms", ", delay: 20ms, rate: 1mbit").find(away + netem + "\n") != std::string::npos);
  CHECK(shell(", delay: 20ms", ", rate: 1mbit").find(away + netem + "\n") != std::string::npos);
}
