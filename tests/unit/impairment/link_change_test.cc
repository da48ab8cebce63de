// `link set` as a pure function: what the kernel should have afterwards.
#include "daemon/link_change.h"

#include <doctest/doctest.h>

#include "plan/plan.h"
#include "state/ingress_loss.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

struct Lines {
  Capabilities kernel;
  compile::Compiled compiled;
  State now;

  explicit Lines(const Capabilities& capabilities) : kernel(capabilities) {
    const auto loaded = tests::loadLab("labs/cross-region/stage-3b.yaml");
    REQUIRE(loaded.ok());
    compiled = tests::compiled(loaded.lab, kernel);
    now = compiled.desired;
  }

  std::string set(const std::string& node, const std::string& link, const api::LinkRequest& request) {
    auto wanted = daemon::withLinkSet(now, compiled.desired, kernel, node, link, request);
    if (!wanted) {
      return wanted.error().message();
    }
    now = std::move(*wanted);
    return "";
  }
  plan::Plan drift() const { return plan::diff(compiled.desired, now); }
};

api::LinkRequest up(bool value) {
  api::LinkRequest out;
  out.up = value;
  return out;
}

}  // namespace

TEST_CASE("a link that went down comes back with its routes") {
  Lines lines(tests::bareKernel());
  CHECK(lines.set("bj-server1", "eth0", up(false)) == "");
  REQUIRE(lines.drift().steps.size() == 1);
  CHECK(lines.drift().steps[0].key.kind == Kind::kVeth);
  const Route route{"bj-server1", kMainTable, net::Prefix()};
  lines.now.remove(route.key());  // as the kernel does
  CHECK(lines.set("bj-server1", "eth0", up(true)) == "");
  CHECK(lines.drift().empty());
}

TEST_CASE("values hold at both ends, stay until they are changed, and go again") {
  for (const auto& kernel : {tests::bareKernel(), tests::fullKernel()}) {
    Lines lines(kernel);
    api::LinkRequest request;
    request.loss = 10'000;
    CHECK(lines.set("bj-server1", "eth0", request) == "");
    request = {};
    request.rate = 10'000'000;
    CHECK(lines.set("bj-server1", "eth0", request) == "");
    for (const char* netns : {"bj-server1", "switch.pek3"}) {
      const auto* table = lines.now.get<NftTable>(NftTable{netns, "", NftFamily::kNetdev}.key());
      CHECK((table != nullptr) == !kernel.netem);
    }
    const auto* qdisc = lines.now.get<Qdisc>(Qdisc{"bj-server1", "eth0"}.key());
    REQUIRE(qdisc != nullptr);
    CHECK(qdisc->rateBitsPerSecond == 10'000'000);
    CHECK(qdisc->lossPerMillion == (kernel.netem ? 10'000 : 0));
    request.rate = 0;
    request.loss = 0;
    CHECK(lines.set("bj-server1", "eth0", request) == "");
    CHECK(lines.drift().empty());
  }
}

TEST_CASE("a rate that is netem's own is the line's, and becomes tbf's") {
  Lines lines(tests::fullKernel());
  const Qdisc former{"bj-server1", "eth0", 0, 20'000, 0, 0, 8'000'000};
  lines.now.add(former);
  CHECK_FALSE(lines.drift().empty());
  api::LinkRequest request;
  request.delay = 30'000;
  CHECK(lines.set("bj-server1", "eth0", request) == "");
  const auto* qdisc = lines.now.get<Qdisc>(former.key());
  REQUIRE(qdisc != nullptr);
  CHECK(*qdisc == Qdisc{"bj-server1", "eth0", 8'000'000, 30'000});
}

TEST_CASE("what cannot be done is told with node and link") {
  Lines lines(tests::bareKernel());
  api::LinkRequest delay;
  delay.delay = 20'000;
  const auto why = lines.set("bj-server1", "eth0", delay);
  CHECK(why.find("link eth0 of node bj-server1") != std::string::npos);
  CHECK(why.find("netem") != std::string::npos);
  CHECK(lines.set("bj-br1", "bj-gw", delay).find("is a tunnel") != std::string::npos);
  CHECK(lines.set("bj-br1", "bj-gw", up(false)) == "");
  CHECK(lines.set("bj-server1", "eth9", up(false)).find("link eth9 of node bj-server1 is not in the kernel") !=
        std::string::npos);
  Lines full(tests::fullKernel());
  api::LinkRequest jitter;
  jitter.jitter = 5'000;
  CHECK(full.set("bj-server1", "eth0", jitter).find("jitter is more than the delay") != std::string::npos);
  CHECK(full.set("bj-server1", "eth0", delay) == "");
  CHECK(full.set("bj-server1", "eth0", jitter) == "");
}

TEST_CASE("a node's link is named, or the only one") {
  Lines lines(tests::bareKernel());
  const auto& nodes = lines.compiled.nodes;
  CHECK(*daemon::pickLink(nodes.at("bj-server1"), "") == "eth0");
  CHECK(*daemon::pickLink(nodes.at("bj-br1"), "bj-vxnet1") == "bj-vxnet1");
  const auto several = daemon::pickLink(nodes.at("bj-br1"), "");
  REQUIRE_FALSE(several);
  CHECK(several.error().message().find("bj-gw") != std::string::npos);
  CHECK_FALSE(daemon::pickLink(nodes.at("bj-server1"), "eth1"));
}
