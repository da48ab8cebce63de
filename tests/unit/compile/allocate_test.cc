#include <doctest/doctest.h>

#include "lab/addressing.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

// A border router in the one vxnet, at the address that load() gives it, or at another.
void joinBorderRouter(lab::Lab& lab, const char* address = nullptr) {
  lab::BorderRouter router{{"br", "br", {}}, "r", {}};
  const net::Prefix& range = lab.vxnets.at("n").cidr;
  lab::Join join{"n", address == nullptr ? lab::borderAddressOf(range) : *net::IpAddr::parse(address), {}};
  router.domains.push_back({"main", {join}, {}, {}});
  lab.borderRouters["br"] = router;
}

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
  lab::Lab lab = oneVxnet("10.0.0.0/29");  // .1 is the router's, .6 a border router's, .7 is broadcast
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    addServer(lab, id);
  }
  compile::Allocations out;
  const base::Diagnostics diagnostics = compile::allocate(lab, {}, tests::CountedKeys(), out);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].message == "vxnet n (10.0.0.0/29) has no free address for e");
}

TEST_CASE("the address of a border router, there or yet to come, is given to nobody") {
  struct Case {
    const char* range;
    int free;  // servers that fit: all addresses less the network's, the broadcast one, .1 and the border router's
    const char* border;
    const char* last;  // what the last server gets
  };
  const Case cases[] = {
      {"10.0.0.0/24", 252, "10.0.0.254", "10.0.0.253"}, {"10.0.0.128/25", 124, "10.0.0.254", "10.0.0.253"},
      {"10.0.0.0/25", 124, "10.0.0.126", "10.0.0.125"}, {"10.0.0.0/23", 508, "10.0.1.254", "10.0.1.253"},
      {"10.0.0.0/29", 4, "10.0.0.6", "10.0.0.5"},
  };
  for (const Case& c : cases) {
    for (const bool joined : {false, true}) {
      CAPTURE(c.range);
      CAPTURE(joined);
      lab::Lab lab = oneVxnet(c.range);
      const std::string gateway = lab::gatewayOf(lab.vxnets.at("n").cidr).toString();
      if (joined) {
        joinBorderRouter(lab);
        CHECK(lab.borderRouters.at("br").domains[0].joins[0].address.toString() == c.border);
      }
      std::string id;
      for (int i = 0; i < c.free; ++i) {
        id = "s" + std::to_string(1000 + i);
        addServer(lab, id);
      }
      compile::Allocations out;
      CHECK(compile::allocate(lab, {}, tests::CountedKeys(), out).empty());
      CHECK(addressOf(out, id) == c.last);
      for (const auto& [server, address] : out.addresses) {
        CHECK(address.toString() != c.border);
        CHECK(address.toString() != gateway);
      }
      addServer(lab, "t");
      CHECK(compile::allocate(lab, {}, tests::CountedKeys(), out).size() == 1);
    }
  }
}

TEST_CASE("a border router elsewhere takes its address, and the usual one stays free for another") {
  lab::Lab lab = oneVxnet("10.0.0.0/29");
  joinBorderRouter(lab, "10.0.0.2");
  for (const char* id : {"a", "b", "c"}) {
    addServer(lab, id);
  }
  compile::Allocations out;
  CHECK(compile::allocate(lab, {}, tests::CountedKeys(), out).empty());
  CHECK(addressOf(out, "a") == "10.0.0.3");
  CHECK(addressOf(out, "c") == "10.0.0.5");
  addServer(lab, "d");
  CHECK(compile::allocate(lab, {}, tests::CountedKeys(), out).size() == 1);
}

TEST_CASE("an address that was given out and is a border router's by now is given up") {
  lab::Lab lab = oneVxnet("10.0.0.0/25");
  addServer(lab, "a");
  compile::Allocations before;
  before.addresses["a"] = *net::IpAddr::parse("10.0.0.126");
  CHECK(addressOf(tests::allocated(lab, before), "a") == "10.0.0.2");
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

TEST_CASE("an access point that moves to another WAN renumbers nobody else") {
  const auto labOf = [](const std::map<std::string, std::vector<std::string>>& wans) {
    lab::Lab lab;
    for (const auto& [id, points] : wans) {
      for (const std::string& point : points) {
        lab.sdwans[id].accessPoints.push_back({{point, point, {}}, "r", "br"});
      }
      lab.sdwans[id].id = id;
    }
    return lab;
  };
  const auto first = tests::allocated(labOf({{"w1", {"m", "n"}}, {"w2", {"a", "b", "c"}}}));
  CHECK(first.wanAddresses.at("m").toString() == "100.64.0.1");
  CHECK(first.wanAddresses.at("a").toString() == "100.64.1.1");
  const auto moved = [&first](const lab::Lab& lab, const std::string& point) {
    auto now = tests::allocated(lab, first).wanAddresses;
    auto before = first.wanAddresses;
    CHECK(now.at(point) != before.at(point));
    now.erase(point);
    before.erase(point);
    CHECK(now == before);
  };
  moved(labOf({{"w1", {"a", "m", "n"}}, {"w2", {"b", "c"}}}), "a");
  moved(labOf({{"w1", {"n"}}, {"w2", {"a", "b", "c", "m"}}}), "m");
  // As many of either: the one that has no other network keeps it.
  const auto two = tests::allocated(labOf({{"w0", {"x", "y"}}, {"w1", {"z"}}}));
  const auto swapped = tests::allocated(labOf({{"w0", {"z"}}, {"w1", {"x", "y"}}}), two);
  CHECK(swapped.wanAddresses == two.wanAddresses);
  const auto split = tests::allocated(labOf({{"w0", {"x", "z"}}, {"w1", {"y"}}}), two);
  CHECK(split.wanAddresses.at("y") == two.wanAddresses.at("y"));
  CHECK(split.wanAddresses.at("z") == two.wanAddresses.at("z"));
}
