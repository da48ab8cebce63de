#include "state/process_json.h"

#include <functional>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace vpclab;
using nlohmann::json;

namespace {

state::Process pages() {
  state::PageSite site{
      "bj-server1", {"bj-server1", *net::IpAddr::parse("172.16.1.2"), 80}, "text/html", "<h1>北京</h1>"};
  return {"", "pages", state::PageServer{{site, site}}};
}

state::Process balancer() {
  state::Listener listener;
  listener.name = "web";
  listener.protocol = state::ListenerProtocol::kTcp;
  listener.listen = {"xr-lb", *net::IpAddr::parse("0.0.0.0"), 443};
  listener.balance = state::Balance::kSource;
  listener.healthCheck = {state::HealthCheckKind::kHttp,   "/health", "example", std::chrono::milliseconds(2000),
                          std::chrono::milliseconds(7000), 3,         4,         false};
  listener.backends = {{"a", *net::IpAddr::parse("172.16.1.2"), 80, 7, true, false, 9},
                       {"b", *net::IpAddr::parse("172.17.1.2"), 81, 0, false, true}};
  listener.connectTimeout = std::chrono::milliseconds(1234);
  listener.idleTimeout = std::chrono::milliseconds(4321);
  listener.maxHeaderBytes = 2048;
  listener.forwardedFor = false;
  listener.forwardedProto = true;
  listener.headerTimeout = std::chrono::milliseconds(2345);
  listener.tunnelTimeout = std::chrono::milliseconds(3456);
  listener.queueTimeout = std::chrono::milliseconds(4567);
  listener.maxConnections = 78;
  listener.forwardedId = true;
  listener.forwardedAddress = true;
  listener.via = false;
  listener.sticky = {state::Stickiness::kPrefix, "SID", std::chrono::seconds(90)};
  listener.pools = {{"api", state::Balance::kLeastConnections, {{"c", *net::IpAddr::parse("172.17.1.3"), 82}}}};
  listener.rules = {
      {"a.example", "/x", "/y", "X-V", "1", net::Prefix::parse("10.0.0.0/8"), "api", {}},
      {"", "", "", "", "", std::nullopt, "", {308, "https://b.example", true}},
  };
  return {"xr-lb", "lb", state::LoadBalancer{"xr-lb", {listener, listener}}};
}

state::Process command() {
  return {"bj-server1", "run",
          state::Command{{"apache2", "-DFOREGROUND"}, {{"/etc/x", std::string("a\0\xff\xfe b", 6)}}}};
}

// Every member of every object in the document, by JSON pointer.
void forEachMember(const json& value, const json::json_pointer& at,
                   const std::function<void(const json::json_pointer&, const std::string&)>& visit) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      visit(at, name);
      forEachMember(member, at / name, visit);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      forEachMember(value[i], at / i, visit);
    }
  }
}

}  // namespace

TEST_CASE("what is encoded decodes to the same process") {
  for (const auto& process : {pages(), balancer(), command()}) {
    const auto decoded = state::processFromJson(json::parse(state::processToJson(process).dump()));
    REQUIRE_MESSAGE(decoded, decoded.error().message());
    CHECK(*decoded == process);
  }
}

TEST_CASE("a missing member, a wrong type or an unknown member is refused wherever it is") {
  for (const auto& process : {pages(), balancer(), command()}) {
    const json whole = state::processToJson(process);
    int members = 0;
    forEachMember(whole, json::json_pointer(), [&](const json::json_pointer& at, const std::string& name) {
      ++members;
      INFO(at.to_string() << " " << name);
      json missing = whole;
      missing[at].erase(name);
      const auto withoutIt = state::processFromJson(missing);
      REQUIRE_FALSE(withoutIt);
      CHECK(withoutIt.error().kind() == base::ErrorKind::kInvalid);
      json wrong = whole;
      wrong[at][name] = 1.5;
      const auto withWrong = state::processFromJson(wrong);
      REQUIRE_FALSE(withWrong);
      CHECK(withWrong.error().message().find(name) != std::string::npos);
      json extra = whole;
      extra[at]["surprise"] = 1;
      CHECK_FALSE(state::processFromJson(extra));
    });
    CHECK(members > 5);
  }
  for (const auto* text : {"null", "[]", "3", "{}", R"({"netns":"","name":"x"})"}) {
    CHECK_FALSE(state::processFromJson(json::parse(text)));
  }
}

TEST_CASE("values out of range are refused by name") {
  const auto refused = [](const char* pointer, const json& value, const char* name) {
    json whole = state::processToJson(balancer());
    whole[json::json_pointer(pointer)] = value;
    const auto decoded = state::processFromJson(whole);
    INFO(pointer << " = " << value.dump());
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().message().find(name) != std::string::npos);
  };
  refused("/loadBalancer/listeners/0/backends/0/port", 0, "port");
  refused("/loadBalancer/listeners/0/backends/0/port", 65536, "port");
  refused("/loadBalancer/listeners/0/backends/0/port", -1, "port");
  refused("/loadBalancer/listeners/0/backends/0/weight", 101, "weight");
  refused("/loadBalancer/listeners/0/backends/0/address", "172.16.1.256", "address");
  refused("/loadBalancer/listeners/0/balance", "random", "balance");
  refused("/loadBalancer/listeners/0/idleTimeoutMs", 0, "idleTimeoutMs");
  refused("/loadBalancer/listeners/0/idleTimeoutMs", UINT64_MAX, "idleTimeoutMs");
  refused("/loadBalancer/listeners/1/healthCheck/fall", 0, "fall");
  refused("/loadBalancer/listeners/0/sticky/mode", "sometimes", "mode");
  refused("/loadBalancer/listeners/0/rules/0/source", "10.0.0.0/99", "source");
  refused("/loadBalancer/listeners/0/rules/1/redirect/status", 400, "status");
  refused("/loadBalancer/listeners/1/maxConnections", -1, "maxConnections");
  refused("/loadBalancer/listeners/1/maxHeaderBytes", 10, "maxHeaderBytes");
}
