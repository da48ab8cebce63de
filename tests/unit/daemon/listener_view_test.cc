#include "daemon/listener_view.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "daemon/listener_text.h"

using namespace vpclab;
using nlohmann::json;

namespace {

const json kStatus = json::parse(R"({"kind":"loadBalancer","listeners":[
  {"name":"other"},
  {"name":"web","open":3,"connections":9,"requests":4,"refused":1,"redirected":0,"retries":2,"bytesIn":2048,
   "bytesOut":100,"totalMs":44,"codes":{"2xx":3,"5xx":1},"pools":[{"name":"","queued":5,"longestQueue":7}],
   "backends":[{"pool":"","name":"s1","address":"10.0.0.1","port":80,"state":"down","reason":"connect: refused",
     "checks":8,"sinceMs":1800000000123,"active":1,"requests":3,"answered":2,"connects":3,"failed":1,"bytesIn":10,
     "bytesOut":20,"connectMs":3,"responseMs":30,"queuedMs":0,"codes":{"2xx":2}}],
   "flips":[{"unixMs":1800000000123,"pool":"","backend":"s1","state":"down","reason":"connect: refused"}]}]})");

}  // namespace

TEST_CASE("what inspect says of a listener") {
  const auto view = daemon::listenerView(kStatus, "web");
  REQUIRE(view);
  CHECK((*view)["open"] == 3);
  CHECK((*view)["mean_ms"] == 11);
  CHECK((*view)["pools"][0]["queued"] == 5);
  const auto& backend = (*view)["backends"][0];
  CHECK(backend["since"] == "2027-01-15T08:00:00Z");
  CHECK(backend["mean_response_ms"] == 15);
  CHECK(backend["codes"] == json{{"2xx", 2}});
  json listener = *view;
  listener.update({{"id", "web"}, {"port", 80}});
  std::string out;
  daemon::addLoadBalancers({{"load_balancers", {{{"id", "lb"}, {"listeners", {listener}}}}}}, out);
  CHECK(out.find("lb             web       80    3     5       4         3 2xx, 1 5xx  2") != std::string::npos);
  CHECK(out.find(
            "s1       down   2027-01-15T08:00:00Z  1       3         2 2xx    1       15       connect: refused\n") !=
        std::string::npos);
  CHECK(daemon::listenerView(kStatus, "nobody").error().kind() == base::ErrorKind::kNotFound);
}

TEST_CASE("a worker that was taken over says what it likes, and nobody falls for it") {
  for (const char* status : {"null", "[]", "{}", R"({"listeners":3})"}) {
    CHECK(daemon::listenerView(json::parse(status), "web").error().kind() == base::ErrorKind::kProtocol);
  }
  json status = kStatus;
  json& listener = status["listeners"][1];
  const json whole = listener;
  for (const auto& [name, value] : whole.items()) {
    if (name == "name") {
      continue;
    }
    for (const json& other : {json(-1), json("x"), json(nullptr), json::array({1, "x"}), json{{"2xx", "y"}}}) {
      listener[name] = other;
      const auto view = daemon::listenerView(status, "web");
      REQUIRE(view);
      json shown = *view;
      shown.update({{"id", "web"}, {"port", 80}});
      std::string out;
      daemon::addLoadBalancers({{"load_balancers", {{{"id", "lb"}, {"listeners", {shown}}}}}}, out);
    }
    listener[name] = value;
  }
  listener["backends"][0]["reason"] = "\x1b[2J" + std::string(100'000, 'x');
  const auto view = daemon::listenerView(status, "web");
  CHECK((*view)["backends"][0]["reason"].get<std::string>().size() == 400);
  json shown = *view;
  shown.update({{"id", "web"}, {"port", 80}});
  std::string out;
  daemon::addLoadBalancers({{"load_balancers", {{{"id", "lb"}, {"listeners", {shown}}}}}}, out);
  CHECK(out.find('\x1b') == std::string::npos);
}
