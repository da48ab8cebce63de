#include <algorithm>
#include <array>

#include "lab/check.h"
#include "lab/nouns.h"
#include "lab/range.h"

namespace vpclab::lab {
namespace {

constexpr std::uint32_t kPingsForTime = 10;
constexpr std::uint32_t kPingsForLoss = 200;

// The node that answers for an EIP; empty: none.
std::string boundTo(const Lab& lab, const std::string& eip) {
  for (const auto& [id, server] : lab.servers) {
    if (server.eip == eip) {
      return id;
    }
  }
  for (const auto& [id, balancer] : lab.loadBalancers) {
    if (std::find(balancer.eips.begin(), balancer.eips.end(), eip) != balancer.eips.end()) {
      return id;
    }
  }
  return "";
}

// `to` of a check that puts a receiver there: a node of the lab, by its id or its EIP.
Endpoint parseReceiver(Context& context, const Object& object) {
  if (object.text("to") == "internet") {
    return {"internet", std::nullopt};
  }
  const std::string id = object.reference("to", {Kind::kServer, Kind::kLoadBalancer, Kind::kEip});
  const auto eip = context.lab.eips.find(id);
  if (eip == context.lab.eips.end()) {
    return {id, std::nullopt};
  }
  const std::string node = boundTo(context.lab, id);
  if (node.empty()) {
    context.report.error(object.pos("to"), "EIP " + called(eip->second) + " is not bound to anything",
                         "by `eip` of a server or `eips` of a load balancer");
  }
  return {node, eip->second.address};
}

void checkEnds(Context& context, const Object& object, const Endpoint& from, const Endpoint& to) {
  if (!from.node.empty() && from.node == to.node) {
    context.report.error(object.pos("to"), "`from` and `to` are the same", "what is measured lies between two nodes");
  }
}

void parseMeasure(Context& context, PingCheck& check, const Object& object, const Value& value) {
  const Object expect(context, value, kPingExpectShape);
  check.rtt = expect.range("rtt");
  check.loss = expect.range("loss");
  check.times = static_cast<std::uint32_t>(object.integer("times", expect.has("loss") ? kPingsForLoss : kPingsForTime));
  if (value.entries.empty()) {
    context.report.error(value.pos, "`expect` is empty", "rtt, loss or both");
  }
}

}  // namespace

PingCheck parsePingCheck(Context& context, const Value& value) {
  const Object object(context, value, kPingCheckShape);
  PingCheck check;
  check.from = parseProber(object);
  check.to = parseTarget(context, object);
  check.within = object.duration("within", check.within);
  const Value* expect = object.get("expect");
  if (expect != nullptr && expect->isMap()) {
    parseMeasure(context, check, object, *expect);
    return check;
  }
  if (expect != nullptr) {
    constexpr std::array<std::string_view, 2> kWords{"reachable", "unreachable"};
    const Field field{"expect", Type::kChoice, false, 0, 0, kWords};
    if (checkType(*expect, field, "`expect`", context.report)) {
      check.reachable = expect->text == "reachable";
    }
  }
  if (object.has("times")) {
    context.report.error(object.keyPos("times"), "`times` has no effect where nothing is measured",
                         "with `expect: {rtt: 40ms..60ms}` or `expect: {loss: ..1%}`");
  }
  return check;
}

ThroughputCheck parseThroughputCheck(Context& context, const Value& value) {
  const Object object(context, value, kThroughputCheckShape);
  ThroughputCheck check;
  check.from = parseProber(object);
  check.to = parseReceiver(context, object);
  checkEnds(context, object, check.from, check.to);
  check.rate = object.range("expect").value_or(Range{});
  check.time = object.duration("time", check.time);
  check.within = object.duration("within", check.within);
  return check;
}

LossCheck parseLossCheck(Context& context, const Value& value) {
  const Object object(context, value, kLossCheckShape);
  LossCheck check;
  check.from = parseProber(object);
  check.to = parseReceiver(context, object);
  checkEnds(context, object, check.from, check.to);
  check.loss = object.range("expect").value_or(Range{});
  check.packets = static_cast<std::uint32_t>(object.integer("packets", check.packets));
  check.within = object.duration("within", check.within);
  return check;
}

TunnelCheck parseTunnelCheck(Context& context, const Value& value) {
  const Object object(context, value, kTunnelCheckShape);
  TunnelCheck check;
  check.accessPoint = object.reference("access_point", {Kind::kAccessPoint});
  check.to = object.reference("to", {Kind::kAccessPoint});
  check.handshake = object.duration("handshake", check.handshake);
  check.within = object.duration("within", check.within);
  for (const auto& entry : context.lab.sdwans) {
    const auto& wan = entry.second;
    const auto has = [&](const std::string& point) {
      return std::any_of(wan.accessPoints.begin(), wan.accessPoints.end(),
                         [&](const AccessPoint& one) { return one.id == point; });
    };
    if (!check.accessPoint.empty() && !check.to.empty() && has(check.accessPoint) && !has(check.to)) {
      context.report.error(object.pos("to"), quote(check.to) + " is not in SD-WAN " + called(wan),
                           "a tunnel links access points of one SD-WAN");
    } else if (has(check.accessPoint) && wan.accessPoints.size() < 2) {
      context.report.error(object.pos("access_point"), "SD-WAN " + called(wan) + " has one access point only",
                           "a tunnel needs another one");
    } else if (!check.to.empty() && check.to == check.accessPoint) {
      context.report.error(object.pos("to"), "an access point has no tunnel to itself");
      return check;
    }
  }
  return check;
}

}  // namespace vpclab::lab
