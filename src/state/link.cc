#include "state/link.h"

#include <tuple>

namespace vpclab::state {

Veth makeVeth(VethEnd one, VethEnd other) {
  if (std::tie(other.netns, other.name) < std::tie(one.netns, one.name)) {
    std::swap(one, other);
  }
  return {std::move(one), std::move(other)};
}

bool WgDevice::operator==(const WgDevice& other) const {
  const auto fields = [](const WgDevice& d) {
    return std::tie(d.netns, d.name, d.socketNetns, d.implementation, d.mtu, d.up, d.master, d.listenPort, d.publicKey,
                    d.peers);
  };
  return fields(*this) == fields(other);
}

}  // namespace vpclab::state
