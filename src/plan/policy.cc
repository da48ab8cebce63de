#include "plan/policy.h"

#include <algorithm>
#include <array>

#include "plan/fields.h"

namespace vpclab::plan {

namespace {

using state::Kind;

constexpr Policy inPlace(Kind kind, std::string_view property, std::string_view because) {
  return {kind, property, Change::kUpdate, false, because};
}
constexpr Policy replaced(Kind kind, std::string_view property, std::string_view because) {
  return {kind, property, Change::kReplace, false, because};
}
constexpr Policy identity(Kind kind, std::string_view property) {
  return {kind, property, Change::kReplace, true, "another one is another object"};
}

constexpr std::string_view kSetLink = "RTM_SETLINK";
constexpr std::string_view kSetDevice = "WG_CMD_SET_DEVICE, which keeps the other peers' sessions";
constexpr std::string_view kNewRoute = "RTM_NEWROUTE with NLM_F_REPLACE";
constexpr std::string_view kNoNewRule = "no request changes a rule";
constexpr std::string_view kNewQdisc = "RTM_NEWQDISC with NLM_F_REPLACE";
constexpr std::string_view kWorker = "the worker takes it while it serves";
constexpr std::string_view kCommandEnds = "its slot stays; the program itself is started again";

constexpr std::array kPolicies{
    identity(Kind::kNetns, "name"),
    inPlace(Kind::kNetns, "local rule priority", "the new rule is added before the old one goes"),
    inPlace(Kind::kNetns, "loopback", kSetLink),
    inPlace(Kind::kNetns, "loopback routes", "RTM_NEWROUTE, as the kernel makes them"),
    inPlace(Kind::kNetns, "loopback address", "RTM_NEWADDR"),
    inPlace(Kind::kNetns, "main rule", "RTM_NEWRULE"),
    identity(Kind::kSysctl, "link"),
    inPlace(Kind::kSysctl, "net/*", "a write"),
    identity(Kind::kBridge, "name"),
    inPlace(Kind::kBridge, "mac", kSetLink),
    inPlace(Kind::kBridge, "mtu", kSetLink),
    inPlace(Kind::kBridge, "state", kSetLink),
    identity(Kind::kVrf, "name"),
    replaced(Kind::kVrf, "table", "IFLA_VRF_TABLE is read when the device is made"),
    inPlace(Kind::kVrf, "state", kSetLink),
    identity(Kind::kVeth, "name"),
    replaced(Kind::kVeth, "far end", "a pair is born with both its ends"),
    inPlace(Kind::kVeth, "mac", kSetLink),
    inPlace(Kind::kVeth, "mtu", kSetLink),
    inPlace(Kind::kVeth, "state", kSetLink),
    inPlace(Kind::kVeth, "master", kSetLink),
    inPlace(Kind::kVeth, "far mac", kSetLink),
    inPlace(Kind::kVeth, "far mtu", kSetLink),
    inPlace(Kind::kVeth, "far state", kSetLink),
    inPlace(Kind::kVeth, "far master", kSetLink),
    identity(Kind::kWgDevice, "name"),
    replaced(Kind::kWgDevice, "socket namespace", "its socket stays where the device was made"),
    replaced(Kind::kWgDevice, "implementation", "a device of the kernel, or a process"),
    inPlace(Kind::kWgDevice, "mtu", kSetLink),
    inPlace(Kind::kWgDevice, "state", kSetLink),
    inPlace(Kind::kWgDevice, "master", kSetLink),
    inPlace(Kind::kWgDevice, "listen-port", kSetDevice),
    inPlace(Kind::kWgDevice, "public-key", kSetDevice),
    inPlace(Kind::kWgDevice, "peer *", kSetDevice),
    identity(Kind::kAddress, "link, prefix and peer"),
    replaced(Kind::kAddress, "connected route", "inet_rtm_newaddr changes lifetimes and metric only"),
    replaced(Kind::kAddress, "place", "the kernel keeps them in the order of coming (inet_insert_ifa)"),
    inPlace(Kind::kAddress, "state", "RTM_NEWROUTE, as the kernel makes it"),
    identity(Kind::kRule, "priority"),
    replaced(Kind::kRule, "iif", kNoNewRule),
    replaced(Kind::kRule, "fwmark", kNoNewRule),
    replaced(Kind::kRule, "from", kNoNewRule),
    replaced(Kind::kRule, "table", kNoNewRule),
    identity(Kind::kRoute, "table, destination and metric"),
    inPlace(Kind::kRoute, "type", kNewRoute),
    inPlace(Kind::kRoute, "via", kNewRoute),
    inPlace(Kind::kRoute, "onlink", kNewRoute),
    inPlace(Kind::kRoute, "dev", kNewRoute),
    inPlace(Kind::kRoute, "src", kNewRoute),
    identity(Kind::kNeighbours, "link"),
    inPlace(Kind::kNeighbours, "neighbour *", "RTM_NEWNEIGH with NLM_F_REPLACE, RTM_DELNEIGH"),
    identity(Kind::kQdisc, "link"),
    inPlace(Kind::kQdisc, "rate", kNewQdisc),
    inPlace(Kind::kQdisc, "delay", kNewQdisc),
    inPlace(Kind::kQdisc, "jitter", kNewQdisc),
    inPlace(Kind::kQdisc, "loss", kNewQdisc),
    inPlace(Kind::kQdisc, "rate of netem", kNewQdisc),
    identity(Kind::kNftTable, "family and name"),
    inPlace(Kind::kNftTable, "[*", "all rules are swapped in one transaction"),
    identity(Kind::kProcess, "node and name"),
    replaced(Kind::kProcess, "program", "another program is another process"),
    inPlace(Kind::kProcess, "version", "another worker takes its sockets, and it finishes what it has begun"),
    inPlace(Kind::kProcess, "state", "it is started again, without waiting for its turn"),
    inPlace(Kind::kProcess, "page of *", kWorker),
    inPlace(Kind::kProcess, "socket of *", kWorker),
    inPlace(Kind::kProcess, "listener *", kWorker),
    inPlace(Kind::kProcess, "command", kCommandEnds),
    inPlace(Kind::kProcess, "file *", kCommandEnds),
};

bool matches(std::string_view property, std::string_view field) {
  return property.ends_with('*') ? field.starts_with(property.substr(0, property.size() - 1)) : field == property;
}

}  // namespace

std::span<const Policy> policies() {
  return kPolicies;
}

const Policy* policyOf(Kind kind, std::string_view field) {
  const auto found = std::find_if(kPolicies.begin(), kPolicies.end(), [&](const Policy& policy) {
    return policy.kind == kind && !policy.identity && matches(policy.property, field);
  });
  return found == kPolicies.end() ? nullptr : &*found;
}

Change compare(const state::Object& desired, const state::Object& observed) {
  if (desired == observed) {
    return Change::kNone;
  }
  const Kind kind = keyOf(desired).kind;
  // Of what can only change in place nothing need be told apart.
  if (std::none_of(kPolicies.begin(), kPolicies.end(), [kind](const Policy& policy) {
        return policy.kind == kind && !policy.identity && policy.change == Change::kReplace;
      })) {
    return Change::kUpdate;
  }
  for (const auto& field : differingFields(desired, observed)) {
    const Policy* policy = policyOf(kind, field);
    if (policy == nullptr || policy->change == Change::kReplace) {
      return Change::kReplace;
    }
  }
  return Change::kUpdate;
}

}  // namespace vpclab::plan
