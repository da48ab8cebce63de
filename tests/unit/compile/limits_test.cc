// What a lab may have more of than the kernel's numbers can hold.
#include <algorithm>

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

TEST_CASE("a border router has no more interfaces than there are places for their rules") {
  const std::string text = R"(lab: many
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.0.0.0/16}}
vxnets: {one: {vpc: v, cidr: 10.0.1.0/24}}
border_routers: {br: {region: r, vxnets: [one]}}
)";
  lab::BundleSource source({{"lab.yaml", text}});
  lab::Lab lab = lab::load("lab.yaml", source).lab;
  auto& joins = lab.borderRouters.at("br").domains.front().joins;
  joins.resize(28'001, joins.front());
  const auto isRefused = [&lab](const state::Capabilities& kernel) {
    const auto compiled = tests::compiled(lab, kernel);
    return std::any_of(compiled.diagnostics.begin(), compiled.diagnostics.end(), [](const base::Diagnostic& one) {
      return one.message == "a border router with 28001 interfaces: without VRF devices it has 28000 at most";
    });
  };
  CHECK(isRefused(tests::bareKernel()));
  CHECK_FALSE(isRefused(tests::fullKernel()));
}

TEST_CASE("a vxnet may be called what the kernel calls something else: its members are on its bridge") {
  for (const std::string id : {"default", "all", "lo"}) {
    const std::string text = "lab: words\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/16}}\nvxnets: {" + id +
                             ": {vpc: v, cidr: 10.0.1.0/24}}\nservers: {s: {vxnet: " + id + "}}\n";
    lab::BundleSource source({{"lab.yaml", text}});
    const auto loaded = lab::load("lab.yaml", source);
    REQUIRE(loaded.diagnostics.empty());
    const auto compiled = tests::compiled(loaded.lab, tests::fullKernel());
    REQUIRE(compiled.diagnostics.empty());
    std::size_t ports = 0;
    compiled.desired.each<state::Veth>([&](const state::Key&, const state::Veth& veth) {
      for (const state::VethEnd* end : {&veth.a, &veth.b}) {
        if (!end->master.empty()) {
          CHECK(compiled.desired.find(state::Bridge{end->netns, end->master}.key()) != nullptr);
          ++ports;
        }
      }
    });
    CHECK(ports >= 2);
  }
}
