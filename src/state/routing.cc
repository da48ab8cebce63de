#include "state/routing.h"

namespace vpclab::state {

Key Address::key() const {
  return {Kind::kAddress, "", netns, link + " " + prefix.toString() + (peer ? " peer " + peer->toString() : "")};
}

std::vector<AddressRoute> routesOf(const Address& address, const LostRoutes& tables) {
  using Type = AddressRoute::Type;
  std::vector<AddressRoute> out;
  if (tables.local != 0) {
    out.push_back({Type::kLocal, net::Prefix::host(address.prefix.address()), tables.local});
  }
  if (tables.broadcast != 0) {
    out.push_back({Type::kBroadcast, net::Prefix::host(address.prefix.last()), tables.broadcast});
  }
  if (tables.connected != 0) {
    out.push_back({Type::kConnected, address.prefix.network(), tables.connected});
  }
  return out;
}

Address loopbackAddress(const base::SharedString& netns) {
  return {netns, "lo", net::Prefix(net::IpAddr::v4(0x7F000001), 8)};
}

const std::vector<AddressRoute>& loopbackRoutes() {
  static const auto make = [] {
    const Address address = loopbackAddress("");
    auto out = routesOf(address, {kLocalTable, kLocalTable, 0});
    out.push_back({AddressRoute::Type::kLocal, address.prefix.network(), kLocalTable});
    return out;
  };
  static const std::vector<AddressRoute> kRoutes = make();
  return kRoutes;
}

Key Route::key() const {
  std::string name = destination.toString();
  if (table != kMainTable) {
    name += " table " + std::to_string(table);
  }
  if (metric != 0) {
    name += " metric " + std::to_string(metric);
  }
  return {Kind::kRoute, "", netns, name};
}

std::string_view nameOf(NftFamily family) {
  return family == NftFamily::kIp ? "ip" : "netdev";
}

Key NftTable::key() const {
  return {Kind::kNftTable, "", netns, family == NftFamily::kIp ? kName : "netdev " + std::string(kName)};
}

}  // namespace vpclab::state
