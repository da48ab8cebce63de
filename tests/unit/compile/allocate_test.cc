#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

lab::Lab oneVxnet(const char* cidr) {
  lab::Lab lab;
  lab.name = "one";
  lab.regions["r"] = lab::Region{{"r", "r", {}}};
  lab.vpcs["v"] = lab::Vpc{{"v", "v", {}}, "r", *net::Prefix::parse("10.0.0.0/16"), {}};
  lab.vxnets["n"] = lab::Vxnet{{"n", "n", {}}, "v", *net::Prefix::parse(cidr)};
  return lab;
}

void addServer(lab::Lab& lab, const std::string& id, const char* address = nullptr) {
  lab::Server server{{id, id, {}}, "n"};
  if (address != nullptr) {
    server.address = net::IpAddr::parse(address);
  }
  lab.servers[id] = server;
}

std::string addressOf(const compile::Allocations& allocations, const std::string& id) {
  return allocations.addresses.at(id).toString();
}

}  // namespace

TEST_CASE("the first free address is given, and kept when others come") {
  lab::Lab lab = oneVxnet("10.0.0.0/24");
  addServer(lab, "m");
  compile::Allocations first = tests::allocated(lab);
  CHECK(addressOf(first, "m") == "10.0.0.2");
  addServer(lab, "a");
  const compile::Allocations second = tests::allocated(lab, first);
  CHECK(addressOf(second, "m") == "10.0.0.2");
  CHECK(addressOf(second, "a") == "10.0.0.3");
  addServer(lab, "z", "10.0.0.2");
  const compile::Allocations third = tests::allocated(lab, second);
  CHECK(addressOf(third, "z") == "10.0.0.2");
  CHECK(addressOf(third, "a") == "10.0.0.3");
  CHECK(addressOf(third, "m") == "10.0.0.4");
  lab.servers.erase("a");
  CHECK(tests::allocated(lab, third).addresses.count("a") == 0);
}

TEST_CASE("a full vxnet is an error that names it") {
  lab::Lab lab = oneVxnet("10.0.0.0/30");  // .1 is the router's, .2 is free, .3 is broadcast
  addServer(lab, "a");
  addServer(lab, "b");
  compile::Allocations out;
  const base::Diagnostics diagnostics = compile::allocate(lab, {}, tests::CountedKeys(), out);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].message == "vxnet n (10.0.0.0/30) has no free address for b");
}

TEST_CASE("the border router's .254 is given to nobody") {
  lab::Lab lab = oneVxnet("10.0.0.0/24");
  for (int i = 0; i < 252; ++i) {
    addServer(lab, "s" + std::to_string(1000 + i));
  }
  for (const auto& [id, address] : tests::allocated(lab).addresses) {
    CHECK(address.toString() != "10.0.0.254");
  }
  addServer(lab, "t");
  compile::Allocations out;
  CHECK(compile::allocate(lab, {}, tests::CountedKeys(), out).size() == 1);
}

TEST_CASE("a machine without tunnels, VRF devices and nftables is told where the lab asks for them") {
  const lab::Loaded loaded = tests::loadLab("labs/cross-region/stage-3b.yaml");
  REQUIRE(loaded.ok());
  state::Capabilities nothing;
  const compile::Compiled compiled = tests::compiled(loaded.lab, nothing);
  int tunnels = 0;
  int routers = 0;
  for (const auto& diagnostic : compiled.diagnostics) {
    tunnels += diagnostic.message.find("needs WireGuard") != std::string::npos ? 1 : 0;
    routers += diagnostic.message.find("neither") != std::string::npos ? 1 : 0;
    CHECK(diagnostic.pos.line > 0);
  }
  CHECK(tunnels == 2);
  CHECK(routers == 2);
}

TEST_CASE("a bridge takes 1023 ports") {
  lab::Lab lab = oneVxnet("10.0.0.0/20");
  for (int i = 0; i < 1022; ++i) {
    addServer(lab, "s" + std::to_string(i));
  }
  CHECK(tests::compiled(lab, tests::fullKernel()).diagnostics.empty());
  addServer(lab, "one-more");
  const compile::Compiled compiled = tests::compiled(lab, tests::fullKernel());
  REQUIRE(compiled.diagnostics.size() == 1);
  CHECK(compiled.diagnostics[0].message == "vxnet n has 1024 members; a bridge takes 1023");
}
