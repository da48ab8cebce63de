// What a plan says of the traffic that is there, and of the lines of the file that its steps come from.
#include <algorithm>

#include <doctest/doctest.h>

#include "plan/plan.h"
#include "plan/render.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

// A lab of two vxnets, a balancer and a limited line; `edit` changes its text.
state::State desiredBy(const std::function<void(std::string&)>& edit) {
  std::string text =
      "lab: small\n"
      "regions: {r: {}}\n"
      "vpcs: {v: {region: r, cidr: 10.0.0.0/16}}\n"
      "vxnets: {n: {vpc: v, cidr: 10.0.1.0/24}, m: {vpc: v, cidr: 10.0.2.0/24}}\n"
      "eips: {e: {region: r, address: 139.198.18.1}}\n"
      "servers:\n"
      "  s: {vxnet: n, address: 10.0.1.2, rate: 10mbit, http: {port: 80}}\n"
      "  t: {vxnet: n, address: 10.0.1.3, http: {port: 80}}\n"
      "load_balancers:\n"
      "  lb:\n"
      "    vxnet: m\n"
      "    eips: [e]\n"
      "    listeners:\n"
      "      web: {port: 80, backends: [{server: s, port: 80}]}\n"
      "      api: {port: 81, backends: [{server: s, port: 80}]}\n";
  edit(text);
  lab::BundleSource source({{"lab.yaml", text}});
  const lab::Loaded loaded = lab::load("lab.yaml", source);
  for (const auto& diagnostic : loaded.diagnostics) {
    FAIL(diagnostic.toString());
  }
  return tests::compiled(loaded.lab, tests::fullKernel()).desired;
}

std::function<void(std::string&)> replacing(std::string old, std::string now) {
  return [old = std::move(old), now = std::move(now)](std::string& text) {
    const auto at = text.find(old);
    REQUIRE(at != std::string::npos);
    text.replace(at, old.size(), now);
  };
}

// The plan of an edit, as people see it.
std::string planOf(const std::string& old, const std::string& now) {
  const state::State before = desiredBy([](std::string&) {});
  plan::Plan plan = plan::diff(desiredBy(replacing(old, now)), before);
  plan::nameDeletions(plan, before);
  return plan::renderText(plan);
}

}  // namespace

TEST_CASE("what is new disturbs nobody") {
  const state::State all = desiredBy([](std::string&) {});
  for (const auto& step : plan::diff(all, {}).steps) {
    CAPTURE(step.key.toString());
    CHECK(step.disturbs.empty());
    CHECK(step.origin->pos.line > 0);
  }
}

TEST_CASE("another address: its connections break, by the line that says so") {
  CHECK(planOf("10.0.1.2", "10.0.1.9") ==
        "s\n"
        "  - delete route default via 10.0.1.1 dev eth0  (the last address of eth0 goes)  lab.yaml:7:14\n"
        "      ! connections of and through s to everywhere else have no way until the plan is through\n"
        "  - delete address 10.0.1.2/24 dev eth0  (not wanted any more)  was lab.yaml:7:26\n"
        "      ! connections of s with its address 10.0.1.2 break, pings to it fail\n"
        "  + create address 10.0.1.9/24 dev eth0  (missing)  lab.yaml:7:26\n"
        "  + create again route default via 10.0.1.1 dev eth0  (the last address of eth0 goes)  lab.yaml:7:14\n"
        "lb\n"
        "  ~ update process lb, load balancer lb with 2 listeners  (listener api backend s 10.0.1.2:80 weight 1 -> "
        "10.0.1.9:80 weight 1, listener web backend s 10.0.1.2:80 weight 1 -> 10.0.1.9:80 weight 1)  lab.yaml:15:34\n"
        "5 changes not applied yet: 2 to create, 1 to update, 2 to delete\n");
}

TEST_CASE("a route of another table than the main one is missed only by whom a rule leads to it") {
  const auto withEip = [](const std::string& eip) {
    return [eip](std::string& text) {
      replacing("    eips: [e]\n", "")(text);
      replacing("10.0.1.2, ", "10.0.1.2, eip: e, ")(text);
      replacing("139.198.18.1", eip)(text);
    };
  };
  const state::State before = desiredBy(withEip("139.198.18.1"));
  std::string out;
  for (const auto& step : plan::diff(desiredBy(withEip("139.198.18.2")), before).steps) {
    if (step.key.kind == state::Kind::kRoute && !step.disturbs.empty()) {
      out += step.disturbs + "\n";
    }
  }
  CHECK(out ==
        "connections of and through internet to 139.198.18.1/32 have no way but that of a wider route\n"
        "connections that rules of v lead to table 2001 take another way or none until the plan is through\n");
}

TEST_CASE("a route of a VRF is missed by whom the VRF is for") {
  state::State before;
  before.add(state::Netns{"r"});
  before.add(state::Vrf{"r", "tenant", 101});
  state::State after = before;
  before.add(state::Route{"r", 101, net::Prefix::parse("10.2.0.0/16").value()});
  before.add(state::Route{"r", 101, net::Prefix()});
  std::string out;
  for (const auto& step : plan::diff(after, before).steps) {
    out += step.disturbs + "\n";
  }
  CHECK(out ==
        "connections of and through r in tenant to everywhere else have no way\n"
        "connections of and through r in tenant to 10.2.0.0/16 have no way but that of a wider route\n");
}

TEST_CASE("a limit, by its own value's place") {
  CHECK(planOf("10mbit", "20mbit") ==
        "s\n"
        "  ~ update qdisc dev eth0 rate 20mbit  (rate 10mbit -> 20mbit)  lab.yaml:7:42\n"
        "      ! packets that wait in the queue of s's eth0 may be lost\n"
        "switch.r\n"
        "  ~ update qdisc dev s.n rate 20mbit  (rate 10mbit -> 20mbit)  lab.yaml:7:42\n"
        "      ! packets that wait in the queue of switch.r's s.n may be lost\n"
        "2 changes not applied yet: 2 to update\n");
}

TEST_CASE("a listener's property by its own place; only a closed port disturbs") {
  CHECK(planOf("{port: 80, backends", "{port: 80, balance: source, backends") ==
        "lb\n"
        "  ~ update process lb, load balancer lb with 2 listeners  (listener web balance roundrobin -> source)  "
        "lab.yaml:14:32\n"
        "1 change not applied yet: 1 to update\n");
  CHECK(planOf("{port: 81", "{port: 82") ==
        "lb\n"
        "  ~ update process lb, load balancer lb with 2 listeners  (listener api port 81 -> 82)  lab.yaml:15:19\n"
        "      ! lb's listener api closes: open connections end with their requests, new ones are refused\n"
        "1 change not applied yet: 1 to update\n");
}

TEST_CASE("a port that stays open refuses nobody, whatever its listener is called or speaks") {
  const auto disturbs = [](const std::string& old, const std::string& now) {
    std::string out;
    for (const auto& step : plan::diff(desiredBy(replacing(old, now)), desiredBy([](std::string&) {})).steps) {
      out += step.disturbs;
    }
    return out;
  };
  CHECK(disturbs("      api: {port: 81", "      new: {port: 81") == "");
  CHECK(disturbs("80, backends: [{server: s, port: 80}]}\n      api: {port: 81,",
                 "81, backends: [{server: s, port: 80}]}\n      api: {port: 80,") == "");
  CHECK(disturbs("      api: {port: 81", "      api: {protocol: tcp, port: 81") ==
        "lb's port 81 speaks tcp: open connections end with their requests");
  CHECK(disturbs("      api: {port: 81, backends: [{server: s, port: 80}]}\n", "") ==
        "lb's listener api closes: open connections end with their requests, new ones are refused");
  CHECK(disturbs("80, backends: [{server: s, port: 80}]}\n      api: {port: 81,",
                 "90, backends: [{server: s, port: 80}]}\n      api: {protocol: tcp, port: 91,") ==
        "lb's listeners api, web close: open connections end with their requests, new ones are refused");
}

TEST_CASE("a server that goes says where it was, and takes its connections along") {
  const std::string text = planOf("  t: {vxnet: n, address: 10.0.1.3, http: {port: 80}}\n", "");
  CAPTURE(text);
  CHECK(text.find("  - delete netns t  (not wanted any more)  was lab.yaml:8:3\n"
                  "      ! every connection of t breaks, pings to it fail\n") != std::string::npos);
}
