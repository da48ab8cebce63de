#include "state/routing.h"

namespace vpclab::state {

Key Address::key() const {
  return {Kind::kAddress, "", netns, link + " " + prefix.toString() + (peer ? " peer " + peer->toString() : "")};
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
