// Where the routes of a table end up: in the servers of the vxnets, or in the load balancers, that it is bound to.
#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

const std::string kNetworks = R"(lab: tables
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.0.0.0/16}}
border_routers: {br: {region: r, vxnets: [{vxnet: one, address: 10.0.1.77}, two]}}
servers:
  s1: {vxnet: one, address: 10.0.1.2}
  s2: {vxnet: one, address: 10.0.1.3}
  s3: {vxnet: two, address: 10.0.2.2}
)";
const std::string kUnbound = R"(vxnets:
  one: {vpc: v, cidr: 10.0.1.0/24}
  two: {vpc: v, cidr: 10.0.2.0/24}
load_balancers: {lb: {vxnet: one}}
)";
const std::string kBound = R"(vxnets:
  one: {vpc: v, cidr: 10.0.1.0/24, route_table: t}
  two: {vpc: v, cidr: 10.0.2.0/24}
load_balancers: {lb: {vxnet: one, address: 10.0.1.9}}
)";
const std::string kBoundToBalancer = R"(vxnets:
  one: {vpc: v, cidr: 10.0.1.0/24}
  two: {vpc: v, cidr: 10.0.2.0/24}
load_balancers: {lb: {vxnet: one, address: 10.0.1.9, route_table: t}}
)";

std::string table(const std::string& kind, const std::string& routes) {
  return "route_tables: {t: {for: " + kind + ", routes: [" + routes + "]}}\n";
}

compile::Compiled compileText(const std::string& text) {
  lab::BundleSource source({{"lab.yaml", text}});
  const lab::Loaded loaded = lab::load("lab.yaml", source);
  for (const auto& diagnostic : loaded.diagnostics) {
    CHECK_MESSAGE(diagnostic.severity != base::Severity::kError, diagnostic.toString());
  }
  return tests::compiled(loaded.lab, tests::fullKernel());
}

// "namespace via next-hop" of every route to 192.168.7.0/24.
std::vector<std::string> routesIn(const compile::Compiled& compiled) {
  std::vector<std::string> out;
  for (const auto& entry : compiled.desired.entries()) {
    const auto* route = std::get_if<state::Route>(entry.object.get());
    if (route != nullptr && route->destination == *net::Prefix::parse("192.168.7.0/24")) {
      CHECK(route->table == state::kMainTable);
      CHECK(route->gateway.has_value());
      out.push_back(route->netns + " via " + route->gateway->toString() + " by " + route->device);
    }
  }
  return out;
}

// The next hops of a namespace's default routes.
std::vector<std::string> defaultsOf(const compile::Compiled& compiled, const std::string& netns) {
  std::vector<std::string> out;
  compiled.desired.each<state::Route>([&](const state::Key&, const state::Route& route) {
    if (route.netns == netns && route.destination == net::Prefix()) {
      out.push_back(route.gateway->toString());
    }
  });
  return out;
}

using Routes = std::vector<std::string>;

}  // namespace

TEST_CASE("a route table that is bound to nothing is nowhere") {
  for (const char* kind : {"vxnet", "load_balancer"}) {
    const auto compiled = compileText(kNetworks + kUnbound + table(kind, "{to: 192.168.7.0/24, via: br}"));
    CHECK(compiled.diagnostics.empty());
    CHECK(routesIn(compiled) == Routes{});
  }
}

TEST_CASE("a vxnet's routes are in each of its servers, and in nothing else") {
  const auto compiled = compileText(kNetworks + kBound + table("vxnet", "{to: 192.168.7.0/24, via: br}"));
  CHECK(compiled.diagnostics.empty());
  CHECK(routesIn(compiled) == Routes{"s1 via 10.0.1.77 by eth0", "s2 via 10.0.1.77 by eth0"});
}

TEST_CASE("a load balancer's routes are in it alone") {
  const auto compiled =
      compileText(kNetworks + kBoundToBalancer + table("load_balancer", "{to: 192.168.7.0/24, via: br}"));
  CHECK(compiled.diagnostics.empty());
  CHECK(routesIn(compiled) == Routes{"lb via 10.0.1.77 by eth0"});
}

TEST_CASE("a disabled route is nowhere") {
  const auto compiled =
      compileText(kNetworks + kBound + table("vxnet", "{to: 192.168.7.0/24, via: br, disabled: true}"));
  CHECK(routesIn(compiled) == Routes{});
}

TEST_CASE("the server that is the next hop of its vxnet has no route by itself") {
  const auto compiled = compileText(kNetworks + kBound + table("vxnet", "{to: 192.168.7.0/24, via: 10.0.1.3}"));
  CHECK(compiled.diagnostics.empty());
  CHECK(routesIn(compiled) == Routes{"s1 via 10.0.1.3 by eth0"});
}

TEST_CASE("a load balancer whose own, automatic address is the next hop is told so") {
  const auto compiled =
      compileText(kNetworks + "vxnets:\n  one: {vpc: v, cidr: 10.0.1.0/24}\n  two: {vpc: v, cidr: 10.0.2.0/24}\n" +
                  "load_balancers: {lb: {vxnet: one, route_table: t}}\n" +
                  table("load_balancer", "{to: 192.168.7.0/24, via: 10.0.1.4}"));
  REQUIRE(compiled.diagnostics.size() == 1);
  CHECK(compiled.diagnostics[0].message == "the next hop 10.0.1.4 is the address of lb itself");
  CHECK(compiled.diagnostics[0].pos.line > 0);
  CHECK(routesIn(compiled) == Routes{});
}

TEST_CASE("a default route of a vxnet's table takes the place of the one by .1") {
  const auto compiled = compileText(kNetworks + kBound + table("vxnet", "{to: 0.0.0.0/0, via: 10.0.1.3}"));
  CHECK(compiled.diagnostics.empty());
  CHECK(defaultsOf(compiled, "s1") == Routes{"10.0.1.3"});
  CHECK(defaultsOf(compiled, "s2") == Routes{"10.0.1.1"});  // the next hop itself
  CHECK(defaultsOf(compiled, "s3") == Routes{"10.0.2.1"});
  const auto off = compileText(kNetworks + kBound + table("vxnet", "{to: 0.0.0.0/0, via: br, disabled: true}"));
  CHECK(off.diagnostics.empty());
  CHECK(defaultsOf(off, "s1") == Routes{"10.0.1.1"});
}
