#pragma once

#include "base/result.h"
#include "kernel/session.h"
#include "state/routing.h"

namespace vpclab::kernel {

// Addresses, routes and rules as rtnetlink(7) requests. A batch goes to the kernel in one send.

enum class Verb { kCreate, kReplace, kDelete };

base::Result<Message> addressRequest(Session& session, Verb verb, const state::Address& address);
// A route of the address, as the kernel adds it (fib_add_ifaddr), which then takes it for its own.
base::Result<Message> addressRouteRequest(Session& session, const state::Address& address,
                                          const state::AddressRoute& route);
base::Result<Message> routeRequest(Session& session, Verb verb, const state::Route& route);
base::Result<Message> ruleRequest(Session& session, Verb verb, const state::Rule& rule);

// Puts the rule that consults the local table at `priority`: adds it there before it removes it elsewhere, so that the
// namespace never loses its own addresses.
base::Result<> moveLocalRule(NetlinkSocket& socket, const std::string& netns, std::uint32_t priority,
                             base::Deadline deadline);

// Adds the rule for the main table as the kernel gives it to each namespace.
Message mainRuleRequest(const std::string& netns);

// A rule that looks up the local table and selects nothing.
struct LocalRule {
  std::uint32_t priority = 0;
  std::uint8_t protocol = 0;
};
// The local rules among a dump of rules, whether the main table's is where the kernel has put it, and ours among the
// others.
struct Rules {
  bool main = false;
  std::vector<LocalRule> local;
  std::vector<state::Rule> ours;
};
base::Result<Rules> readRules(NetlinkSocket& socket, const std::string& netns, base::Deadline deadline);

}  // namespace vpclab::kernel
