#pragma once

#include <string>
#include <vector>

#include "state/state.h"

namespace vpclab::tests {

inline net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}
inline net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}
inline net::WgKey key(std::uint8_t byte) {
  net::WgKey out;
  out.bytes.fill(byte);
  return out;
}

// One parameter of a namespace, or of a link of it.
inline state::Sysctls sysctl(const std::string& netns, const std::string& path, const std::string& value,
                             const std::string& link = "") {
  return {netns, link, state::Parameters({{path, value}})};
}

// Of each kind one, none of them in the form in which it is compared.
inline std::vector<state::Object> oneOfEach() {
  using namespace state;
  WgDevice tunnel;
  tunnel.netns = "br";
  tunnel.name = "wan";
  tunnel.socketNetns = "pop";
  tunnel.privateKey = key(7);
  tunnel.publicKey = key(8);
  (*tunnel.peers)[key(9)] = {ip("100.64.0.2"), 51820, {prefix("10.2.0.0/16"), prefix("10.1.0.0/16")}, 25};
  Route route{"s", kMainTable, prefix("10.1.2.3/16"), 0, RouteType::kUnreachable, ip("10.0.0.1")};
  route.device = "eth0";
  PageServer pages{{{"t", {"t", ip("0.0.0.0"), 80}, "text/html", "secret-page"},
                    {"s", {"s", ip("0.0.0.0"), 80}, "text/html", "secret-page"}}};
  Listener second;
  second.name = "web";
  Listener first;
  first.name = "api";
  return {
      Netns{"s", 0},
      sysctl("s", "net/ipv4/ip_forward", "0"),
      Bridge{"switch.r", "net", net::Mac::fromSeed("b")},
      Vrf{"br", "vrf1", 1001},
      Veth{{"switch.r", "s.net", net::Mac::fromSeed("x"), kDefaultMtu, true, "net"}, {"s", "eth0"}},
      tunnel,
      Address{"s", "eth0", prefix("10.0.0.2/24")},
      Rule{"br", 2001, "eth0", 0, std::nullopt, 1001},
      route,
      Neighbours{"s", "eth0", {{ip("10.0.0.9"), net::Mac::fromSeed("x")}, {ip("10.0.0.1"), net::Mac::fromSeed("b")}}},
      Qdisc{"s", "eth0", 1000},
      NftTable{"v", "chain x {\n}\n\n"},
      Process{"", "pages", pages},
      Process{"lb", "lb", LoadBalancer{"lb", {second, first}}},
      Process{"s", "run", Command{{"apache2"}, {{"/etc/x", "secret-file"}}}},
  };
}

}  // namespace vpclab::tests
