#include "kernel/route_requests.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "state/netns.h"

namespace vpclab::kernel {

namespace {

const char* wordFor(Verb verb) {
  return verb == Verb::kCreate ? "add" : verb == Verb::kReplace ? "replace" : "delete";
}

std::uint16_t flagsFor(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return NLM_F_CREATE | NLM_F_EXCL;
    case Verb::kReplace:
      return NLM_F_CREATE | NLM_F_REPLACE;
    case Verb::kDelete:
      break;
  }
  return 0;
}

base::Result<> onlyIpv4(const net::Prefix& prefix, const std::string& what) {
  if (prefix.family() == net::Family::kIpv4) {
    return {};
  }
  return base::fail(base::ErrorKind::kUnsupported, what + ": IPv6 is not built yet");
}

std::uint8_t typeOf(state::RouteType type) {
  switch (type) {
    case state::RouteType::kUnicast:
      return RTN_UNICAST;
    case state::RouteType::kLocal:
      return RTN_LOCAL;
    case state::RouteType::kUnreachable:
      return RTN_UNREACHABLE;
    case state::RouteType::kBlackhole:
      return RTN_BLACKHOLE;
  }
  return RTN_UNICAST;
}

struct AddressRouteKind {
  const char* word;
  std::uint8_t type;
  std::uint8_t scope;
};
AddressRouteKind kindOf(state::AddressRoute::Type type) {
  switch (type) {
    case state::AddressRoute::Type::kLocal:
      return {"local", RTN_LOCAL, RT_SCOPE_HOST};
    case state::AddressRoute::Type::kBroadcast:
      return {"broadcast", RTN_BROADCAST, RT_SCOPE_LINK};
    case state::AddressRoute::Type::kConnected:
      break;
  }
  return {"connected", RTN_UNICAST, RT_SCOPE_LINK};
}

std::uint8_t scopeOf(const state::Route& route) {
  if (route.type == state::RouteType::kLocal) {
    return RT_SCOPE_HOST;
  }
  return route.type == state::RouteType::kUnicast && !route.gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

}  // namespace

base::Result<Message> addressRequest(Session& session, Verb verb, const state::Address& address) {
  const std::string what = std::string(wordFor(verb)) + " address " + address.prefix.toString() +
                           (address.peer ? " with the peer " + address.peer->toString() : "") + " on " + address.link +
                           " in " + session.netns;
  if (auto family = onlyIpv4(address.prefix, what); !family) {
    return base::fail(std::move(family.error()));
  }
  auto index = session.links.index(address.link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context(what));
  }
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix.length());
  header.ifa_index = static_cast<std::uint32_t>(*index);
  Message message(what, verb == Verb::kDelete ? RTM_DELADDR : RTM_NEWADDR, flagsFor(verb), header);
  message.address(IFA_LOCAL, address.prefix.address());
  message.address(IFA_ADDRESS, address.peer.value_or(address.prefix.address()));
  if (address.noPrefixRoute && verb != Verb::kDelete) {
    message.u32(IFA_FLAGS, IFA_F_NOPREFIXROUTE);
  }
  return message;
}

base::Result<Message> addressRouteRequest(Session& session, const state::Address& address,
                                          const state::AddressRoute& route) {
  const auto [word, type, scope] = kindOf(route.type);
  const std::string what =
      std::string("add the ") + word + " route " + route.to.toString() + " of " + address.link + " in " + session.netns;
  if (auto family = onlyIpv4(route.to, what); !family) {
    return base::fail(std::move(family.error()));
  }
  auto index = session.links.index(address.link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context(what));
  }
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(route.to.length());
  header.rtm_table = route.table < 256 ? static_cast<std::uint8_t>(route.table) : std::uint8_t{RT_TABLE_UNSPEC};
  header.rtm_protocol = RTPROT_KERNEL;
  header.rtm_scope = scope;
  header.rtm_type = type;
  // Neither in the place of another, which may be that of a second link with the same network, nor behind one of
  // somebody's, which would be asked first.
  Message message(what, RTM_NEWROUTE, NLM_F_CREATE, header);
  message.u32(RTA_TABLE, route.table).address(RTA_DST, route.to.address());
  message.u32(RTA_OIF, static_cast<std::uint32_t>(*index)).address(RTA_PREFSRC, address.prefix.address());
  return message;
}

base::Result<Message> routeRequest(Session& session, Verb verb, const state::Route& route) {
  const std::string what = std::string(wordFor(verb)) + " route " + route.key().name + " in " + session.netns;
  if (auto family = onlyIpv4(route.destination, what); !family) {
    return base::fail(std::move(family.error()));
  }
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
  header.rtm_table = route.table < 256 ? static_cast<std::uint8_t>(route.table) : std::uint8_t{RT_TABLE_UNSPEC};
  header.rtm_protocol = state::kRouteProtocol;
  // Deletion: any scope (RT_SCOPE_NOWHERE) and any type, since table, destination, metric and protocol say which.
  header.rtm_scope = verb == Verb::kDelete ? std::uint8_t{RT_SCOPE_NOWHERE} : scopeOf(route);
  header.rtm_type = verb == Verb::kDelete ? std::uint8_t{RTN_UNSPEC} : typeOf(route.type);
  header.rtm_flags = route.onlink && verb != Verb::kDelete ? std::uint32_t{RTNH_F_ONLINK} : 0;
  // A route that is not there may have been replaced by somebody's, whose protocol is not ours: the kernel keeps one
  // for each table, destination and metric. Ours takes its place.
  const std::uint16_t flags = flagsFor(verb == Verb::kCreate ? Verb::kReplace : verb);
  Message message(what, verb == Verb::kDelete ? RTM_DELROUTE : RTM_NEWROUTE, flags, header);
  message.u32(RTA_TABLE, route.table);
  if (route.destination.length() != 0) {
    message.address(RTA_DST, route.destination.address());
  }
  if (route.metric != 0) {
    message.u32(RTA_PRIORITY, route.metric);
  }
  if (verb == Verb::kDelete) {
    return message;
  }
  if (route.gateway) {
    message.address(RTA_GATEWAY, *route.gateway);
  }
  if (!route.device.empty()) {
    auto index = session.links.index(route.device, session.deadline);
    if (!index) {
      return base::fail(std::move(index.error()).context(what));
    }
    message.u32(RTA_OIF, static_cast<std::uint32_t>(*index));
  }
  if (route.preferredSource) {
    message.address(RTA_PREFSRC, *route.preferredSource);
  }
  return message;
}

base::Result<Message> ruleRequest(Session& session, Verb verb, const state::Rule& rule) {
  const std::string what =
      std::string(wordFor(verb)) + " rule " + std::to_string(rule.priority) + " in " + session.netns;
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  header.table = rule.table < 256 ? static_cast<std::uint8_t>(rule.table) : std::uint8_t{RT_TABLE_UNSPEC};
  if (rule.source) {
    if (auto family = onlyIpv4(*rule.source, what); !family) {
      return base::fail(std::move(family.error()));
    }
    header.src_len = static_cast<std::uint8_t>(rule.source->length());
  }
  Message message(what, verb == Verb::kDelete ? RTM_DELRULE : RTM_NEWRULE, flagsFor(verb), header);
  message.u32(FRA_PRIORITY, rule.priority).u32(FRA_TABLE, rule.table).u8(FRA_PROTOCOL, state::kRouteProtocol);
  if (rule.source && rule.source->length() != 0) {
    message.address(FRA_SRC, rule.source->address());
  }
  if (!rule.incomingInterface.empty()) {
    message.text(FRA_IIFNAME, rule.incomingInterface);
  }
  if (rule.mark != 0) {
    message.u32(FRA_FWMARK, rule.mark);
  }
  return message;
}

base::Result<Rules> readRules(NetlinkSocket& socket, const std::string& netns, base::Deadline deadline) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  Message message("list rules of " + netns, RTM_GETRULE, 0, header);
  Rules out;
  auto dumped = socket.dump(
      message,
      [&](const nlmsghdr* answer) {
        if (answer->nlmsg_type != RTM_NEWRULE || answer->nlmsg_len < NLMSG_LENGTH(sizeof(fib_rule_hdr))) {
          return;
        }
        const auto* info = static_cast<const fib_rule_hdr*>(NLMSG_DATA(answer));
        const Attributes attributes(answer, sizeof(fib_rule_hdr));
        state::Rule rule;
        rule.netns = netns;
        rule.priority = attributes.u32(FRA_PRIORITY);
        rule.table = attributes.u32(FRA_TABLE, info->table);
        rule.incomingInterface = attributes.text(FRA_IIFNAME);
        rule.mark = attributes.u32(FRA_FWMARK);
        if (const auto source = attributes.address(FRA_SRC)) {
          rule.source = net::Prefix(*source, info->src_len);
        }
        const std::uint8_t protocol = attributes.u8(FRA_PROTOCOL);
        const bool selects =
            !rule.incomingInterface.empty() || rule.mark != 0 || info->src_len != 0 || info->dst_len != 0;
        if (rule.table == state::kLocalTable && !selects) {
          out.local.push_back({rule.priority, protocol});
        } else if (rule.table == state::kMainTable && !selects && rule.priority == state::kMainRulePriority) {
          out.main = true;
        } else if (protocol == state::kRouteProtocol) {
          out.ours.push_back(std::move(rule));
        }
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return out;
}

Message mainRuleRequest(const std::string& netns) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  header.table = RT_TABLE_MAIN;
  Message message("add the main table's rule in " + netns, RTM_NEWRULE, flagsFor(Verb::kCreate), header);
  message.u32(FRA_PRIORITY, state::kMainRulePriority).u32(FRA_TABLE, state::kMainTable).u8(FRA_PROTOCOL, RTPROT_KERNEL);
  return message;
}

base::Result<> moveLocalRule(NetlinkSocket& socket, const std::string& netns, std::uint32_t priority,
                             base::Deadline deadline) {
  auto rules = readRules(socket, netns, deadline);
  if (!rules) {
    return base::fail(std::move(rules.error()));
  }
  const auto request = [&](bool add, LocalRule rule) {
    fib_rule_hdr header{};
    header.family = AF_INET;
    header.action = FR_ACT_TO_TBL;
    header.table = RT_TABLE_LOCAL;
    Message message(
        std::string(add ? "add" : "remove") + " the local rule at " + std::to_string(rule.priority) + " in " + netns,
        add ? RTM_NEWRULE : RTM_DELRULE, flagsFor(add ? Verb::kCreate : Verb::kDelete), header);
    message.u32(FRA_PRIORITY, rule.priority).u32(FRA_TABLE, state::kLocalTable).u8(FRA_PROTOCOL, rule.protocol);
    return socket.request(message, deadline);
  };
  bool present = false;
  for (const LocalRule& rule : rules->local) {
    present = present || rule.priority == priority;
  }
  if (!present) {
    if (auto added = request(true, {priority, state::kRouteProtocol}); !added) {
      return added;
    }
  }
  for (const LocalRule& rule : rules->local) {
    if (rule.priority != priority) {
      if (auto removed = request(false, rule); !removed) {
        return removed;
      }
    }
  }
  return {};
}

}  // namespace vpclab::kernel
