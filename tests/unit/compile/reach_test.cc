// What should reach what, by the lab alone: small labs, and all labs of the tree against their own checks.
#include "compile/reach.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;
using compile::Expected;

namespace {

class Model {
 public:
  explicit Model(lab::Lab lab)
      : lab_(std::move(lab)), allocations_(tests::allocated(lab_)), reach_(lab_, allocations_) {}

  static Model ofText(const std::string& text) {
    lab::BundleSource source({{"lab.yaml", text}});
    lab::Loaded loaded = lab::load("lab.yaml", source);
    for (const auto& diagnostic : loaded.diagnostics) {
      CHECK_MESSAGE(diagnostic.severity != base::Severity::kError, diagnostic.toString());
    }
    return Model(std::move(loaded.lab));
  }

  std::size_t indexOf(const std::string& id) const {
    const auto& hosts = reach_.hosts();
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      if (hosts[i].server->id == id) {
        return i;
      }
    }
    FAIL("no server " << id);
    return 0;
  }
  Expected between(const std::string& from, const std::string& to) const {
    return reach_.between(indexOf(from), indexOf(to));
  }
  std::string why(const std::string& from, const std::string& to) const {
    return reach_.why(indexOf(from), indexOf(to));
  }

 private:
  lab::Lab lab_;
  compile::Allocations allocations_;
  compile::Reach reach_;
};

// Two VPCs and a border router; the policies are the test's.
std::string twoVpcs(const std::string& first, const std::string& second, const std::string& more = "") {
  return "lab: two\n"
         "regions: {r: {}}\n"
         "vpcs:\n"
         "  v1: {region: r, cidr: 10.1.0.0/16, route_policies: [" +
         first +
         "]}\n"
         "  v2: {region: r, cidr: 10.2.0.0/16, route_policies: [" +
         second +
         "]}\n"
         "vxnets:\n"
         "  one: {vpc: v1, cidr: 10.1.1.0/24" +
         more +
         "}\n"
         "  one-b: {vpc: v1, cidr: 10.1.2.0/24}\n"
         "  two: {vpc: v2, cidr: 10.2.1.0/24}\n"
         "servers:\n"
         "  a: {vxnet: one, address: 10.1.1.2}\n"
         "  b: {vxnet: one, address: 10.1.1.3}\n"
         "  c: {vxnet: one-b, address: 10.1.2.2}\n"
         "  d: {vxnet: two, address: 10.2.1.2}\n"
         "border_routers:\n"
         "  br: {region: r, vxnets: [one, two]}\n";
}
const std::string kTo1 = "{name: home, to: 10.1.0.0/16, via: br}";
const std::string kTo2 = "{name: away, to: 10.2.0.0/16, via: br}";

}  // namespace

TEST_CASE("a vxnet and a VPC connect by themselves") {
  const auto model = Model::ofText(twoVpcs("", ""));
  CHECK(model.between("a", "b") == Expected::kReachable);
  CHECK(model.why("a", "b") == "by vxnet one (lab.yaml:7:3), both ways");
  CHECK(model.between("a", "c") == Expected::kReachable);
  CHECK(model.why("a", "c") == "by vpc v1 (lab.yaml:4:3), both ways");
}

TEST_CASE("without a policy the way there is missing") {
  const auto model = Model::ofText(twoVpcs("", kTo1));
  CHECK(model.between("a", "d") == Expected::kBlocked);
  CHECK(model.why("a", "d") == "no route policy of vpc v1 (lab.yaml:4:3) leads to 10.2.1.2");
}

TEST_CASE("without the other VPC's policy the answer is missing") {
  const auto model = Model::ofText(twoVpcs(kTo2, ""));
  CHECK(model.between("a", "d") == Expected::kBlocked);
  CHECK(model.why("a", "d") ==
        "the answer gets lost: no route policy of vpc v2 (lab.yaml:5:3) leads to 10.1.1.2; the way there is by route "
        "policy away of vpc v1 (lab.yaml:4:72), border router br in vxnet two (lab.yaml:16:33)");
  CHECK(model.between("d", "a") == Expected::kBlocked);
}

TEST_CASE("with policies both ways it is reached; a network that the border router has not joined is not") {
  const auto model = Model::ofText(twoVpcs(kTo2, kTo1));
  CHECK(model.between("a", "d") == Expected::kReachable);
  CHECK(model.between("d", "a") == Expected::kReachable);
  CHECK(model.why("a", "d") ==
        "by route policy away of vpc v1 (lab.yaml:4:72), border router br in vxnet two (lab.yaml:16:33); back by route "
        "policy home of vpc v2 (lab.yaml:5:72), border router br in vxnet one (lab.yaml:16:28)");
  CHECK(model.between("d", "c") == Expected::kBlocked);
  CHECK(model.why("d", "c") ==
        "nothing known to border router br (lab.yaml:16:7) leads to 10.1.2.2; it comes there by route policy home of "
        "vpc v2 (lab.yaml:5:72)");
}

TEST_CASE("a vxnet's route table is its servers' own way, past the VPC") {
  const std::string table = "route_tables: {t: {for: vxnet, routes: [{to: 10.2.0.0/16, via: br}]}}\n";
  const auto model = Model::ofText(twoVpcs("", kTo1, ", route_table: t") + table);
  CHECK(model.between("a", "d") == Expected::kReachable);
  CHECK(model.between("c", "d") == Expected::kBlocked);
  CHECK(model.why("a", "d").starts_with("by route 10.2.0.0/16 of route table t (lab.yaml:17:64), border router br"));

  const std::string disabled =
      "route_tables: {t: {for: vxnet, routes: [{to: 10.2.0.0/16, via: br, disabled: true}]}}\n";
  CHECK(Model::ofText(twoVpcs("", kTo1, ", route_table: t") + disabled).between("a", "d") == Expected::kBlocked);
}

TEST_CASE("a next hop that is a server forwards nothing, and for that server itself the route is none") {
  const std::string table = "route_tables: {t: {for: vxnet, routes: [{to: 10.2.0.0/16, via: 10.1.1.3}]}}\n";
  const auto model = Model::ofText(twoVpcs(kTo2, kTo1, ", route_table: t") + table);
  CHECK(model.between("a", "d") == Expected::kBlocked);
  CHECK(model.why("a", "d") ==
        "the next hop 10.1.1.3 is server b (lab.yaml:12:3), which forwards nothing; it comes there by route "
        "10.2.0.0/16 of route table t (lab.yaml:17:64)");
  CHECK(model.between("b", "d") == Expected::kReachable);
}

TEST_CASE("a default route of a vxnet's table takes the place of the one by the VPC") {
  const std::string tables = "route_tables: {t: {for: vxnet, routes: [{name: out, to: 0.0.0.0/0, via: 10.1.1.3}]}}\n";
  const Model model = Model::ofText(twoVpcs("", "", ", route_table: t") + tables);
  CHECK(model.between("a", "c") == Expected::kBlocked);
  CHECK(model.why("a", "c").find("the next hop 10.1.1.3 is server b") != std::string::npos);
  CHECK(model.between("b", "c") == Expected::kReachable);  // the next hop itself has .1
}

TEST_CASE("domains and SD-WANs: tenants with the same ranges never meet") {
  lab::Loaded loaded = tests::loadLab("labs/shared-border/lab.yaml");
  REQUIRE(loaded.ok());
  const Model model(std::move(loaded.lab));
  CHECK(model.between("red-n", "red-s") == Expected::kReachable);
  CHECK(model.why("red-n", "red-only").find("access point red-north-gw of sdwan red-wan") != std::string::npos);
  CHECK(model.between("red-n", "blue-only") == Expected::kBlocked);
  // The address of blue-s is red-s for red-n, that of blue-n is red-n itself; red's border router has blue-at-200's.
  CHECK(model.between("red-n", "blue-s") == Expected::kElsewhere);
  CHECK(model.between("red-n", "blue-n") == Expected::kElsewhere);
  CHECK(model.between("red-s", "blue-at-200") == Expected::kElsewhere);
  CHECK(model.why("red-n", "blue-s").starts_with("10.2.1.2 is server red-s (labs/shared-border/lab.yaml:"));
}

TEST_CASE("whom an address means, and by which routers, across SD-WANs") {
  lab::Loaded loaded = tests::loadLab("labs/shared-border/lab.yaml");
  REQUIRE(loaded.ok());
  const compile::Allocations allocations = tests::allocated(loaded.lab);
  const compile::Reach reach(loaded.lab, allocations);
  const auto address = [](const char* text) { return *net::IpAddr::parse(text); };
  CHECK(reach.holder("red-n", address("10.2.1.2")) == "red-s");
  CHECK(reach.holder("blue-n", address("10.2.1.2")) == "blue-s");
  CHECK(reach.holder("red-n", address("10.2.1.200")) == "south-br");
  CHECK(reach.holder("blue-north", address("10.2.1.200")) == "blue-at-200");
  CHECK(reach.holder("internet", address("10.2.1.88")) == "blue-only");
  CHECK(reach.holder("red-n", address("10.2.1.99")).empty());
  CHECK(reach.way("red-n", address("10.2.1.2")) == std::vector<std::string>{"red-north", "north-br", "south-br"});
  CHECK(reach.way("red-n", address("10.1.1.77")).empty());
  // What a VPC's router sends comes from its address in the vxnet that leads there, which the tunnel lets pass.
  CHECK(reach.way("blue-south", address("10.1.1.2")) == std::vector<std::string>{"south-br", "north-br"});
}

TEST_CASE("all labs of the tree: their own pings between servers agree") {
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(VPCLAB_SOURCE_DIR) + "/labs")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    const std::string path = std::filesystem::relative(entry.path(), VPCLAB_SOURCE_DIR).string();
    CAPTURE(path);
    lab::Loaded loaded = tests::loadLab(path);
    REQUIRE(loaded.ok());
    const auto checks = loaded.lab.checks;
    const auto servers = loaded.lab.servers;
    const Model model(std::move(loaded.lab));
    for (const auto& check : checks) {
      const auto* ping = std::get_if<lab::PingCheck>(&check.what);
      if (ping == nullptr || ping->to.address || servers.count(ping->from.node) == 0 ||
          servers.count(ping->to.node) == 0) {
        continue;
      }
      CAPTURE(check.pos.toString());
      const Expected expected = model.between(ping->from.node, ping->to.node);
      CHECK((expected == Expected::kReachable) == ping->reachable);
      ++compared;
    }
  }
  CHECK(compared >= 20);
}
