// Whom a check asks, and whose life it wants proved, where tenants have the same addresses.
#include "daemon/check_specs.h"

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

daemon::Desired desiredOf(const std::string& checks) {
  const std::string text = tests::sourceText("tests/labs/same-addresses.yaml") + "checks:\n" + checks;
  daemon::Desired desired = daemon::loadBundle({"lab.yaml", {{"lab.yaml", text}}});
  compileInto(desired, {}, {.wireGuardGo = true, .tbf = true, .nftables = true});
  return desired;
}

std::vector<check::CheckSpec> specsOf(const std::string& checks) {
  const daemon::Desired desired = desiredOf(checks);
  for (const auto& diagnostic : desired.diagnostics) {
    FAIL(diagnostic.toString());
  }
  return daemon::checkSpecs(desired, desired.compiled.desired);
}

template <typename Spec>
Spec specOf(const std::string& check) {
  return std::get<Spec>(specsOf("  - " + check + "\n").at(0).what);
}

std::string aliveFor(const std::string& from, const std::string& address) {
  const auto ping = specOf<check::PingSpec>("ping: {from: " + from + ", to: " + address + ", expect: unreachable}");
  CHECK(ping.to.standIn.empty());
  return ping.to.alive ? ping.to.alive->node : "";
}

}  // namespace

TEST_CASE("an address is whoever has it for the one who asks") {
  CHECK(aliveFor("blue-1", "10.2.1.2") == "blue-2");
  CHECK(aliveFor("red-1", "10.1.1.1") == "red-a");
  CHECK(aliveFor("blue-lb", "10.2.1.2") == "blue-2");
  CHECK(aliveFor("red-lb", "10.2.1.2") == "red-2");
  CHECK(aliveFor("red-b", "10.2.1.2") == "red-2");
  CHECK(aliveFor("red-2", "10.2.1.254") == "br");
}

TEST_CASE("an address that nothing leads to is that of one's own tenant") {
  CHECK(aliveFor("red-1", "10.2.1.2") == "red-2");
  CHECK(aliveFor("red-a", "10.2.1.2") == "red-2");
  CHECK(aliveFor("red-lb", "10.1.1.2") == "red-1");
  CHECK(aliveFor("blue-lb", "10.1.1.2") == "blue-1");
}

TEST_CASE("an address that is nobody's has no side of its own; a public one has") {
  CHECK(aliveFor("red-1", "10.2.1.77").empty());
  CHECK(aliveFor("red-1", "139.198.18.1") == "blue-lb");
  CHECK(aliveFor("internet", "139.198.18.1") == "blue-lb");
  CHECK(aliveFor("internet", "198.51.100.1") == "internet");
}

TEST_CASE("requests to two tenants' load balancers with one address do not wait for each other") {
  const auto group = [](const std::string& from) {
    return specOf<check::HttpSpec>("http: {from: " + from + ", url: \"http://10.2.1.9/\"}").serialGroup;
  };
  CHECK(group("blue-1") == "blue-lb");
  CHECK(group("red-2") == "red-lb");
  CHECK(specOf<check::HttpSpec>("http: {from: red-2, url: \"http://10.2.1.2/\"}").serialGroup.empty());
}

TEST_CASE("a hop is not proved by an address that another node on the way has") {
  const auto path = [](const std::string& through) {
    return specOf<check::PathSpec>("path: {from: blue-1, to: blue-2, through: [" + through + "]}").through;
  };
  const auto address = [](const char* text) { return *net::IpAddr::parse(text); };
  CHECK(path("blue-a, br").at(0).addresses == std::vector{address("10.1.1.1")});
  CHECK(path("red-a, br").at(0).addresses.empty());
  CHECK(path("red-b, br").at(0).addresses == std::vector{address("10.2.1.1")});  // which answers nobody on the way
}

TEST_CASE("a named server whose address is another's for the one who asks has a stand-in") {
  const auto standIn = [](const std::string& from, const std::string& to) {
    return specOf<check::PingSpec>("ping: {from: " + from + ", to: " + to + ", expect: unreachable}").to.standIn;
  };
  CHECK(standIn("blue-1", "red-2") == "10.2.1.2 is server blue-2 (lab.yaml:17:3) for blue-1");
  CHECK(standIn("blue-1", "red-1") == "10.1.1.2 is server blue-1 (lab.yaml:16:3) itself");
  CHECK(standIn("blue-a", "red-lb") == "10.2.1.9 is load balancer blue-lb (lab.yaml:29:3) for blue-a");
  CHECK(standIn("blue-1", "blue-2").empty());
  CHECK(standIn("red-1", "blue-2").empty());  // nothing of it gets anywhere
  CHECK(standIn("internet", "red-2").empty());
}

TEST_CASE("a lab that would be refused for its checks is whole all the same, for the daemon that has it up") {
  daemon::Desired desired = desiredOf("  - ping: {from: blue-1, to: red-2}\n");
  CHECK(desired.ok());
  CHECK(std::get<check::PingSpec>(daemon::checkSpecs(desired, desired.compiled.desired).at(0).what)
            .to.standIn.starts_with("10.2.1.2 is server"));
  judgeNames(desired);
  CHECK_FALSE(desired.ok());
}
