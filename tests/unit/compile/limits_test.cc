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
