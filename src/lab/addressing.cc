#include "lab/addressing.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>

namespace vpclab::lab {
namespace {

struct Range {
  const char* network;
  const char* what;
};

// RFC 6890 and its registry.
constexpr std::array kNoHosts{
    Range{"0.0.0.0/8", "\"this network\""}, Range{"127.0.0.0/8", "loopback"}, Range{"169.254.0.0/16", "link-local"},
    Range{"224.0.0.0/4", "multicast"},      Range{"240.0.0.0/4", "reserved"},
};
constexpr std::array kPrivate{
    Range{"10.0.0.0/8", "private"},
    Range{"172.16.0.0/12", "private"},
    Range{"192.168.0.0/16", "private"},
    Range{"100.64.0.0/10", "shared by carriers"},
};

std::string match(const net::Prefix& network, std::span<const Range> ranges) {
  for (const auto& range : ranges) {
    if (net::Prefix::parse(range.network)->overlaps(network)) {
      return std::string(range.what) + " (" + range.network + ")";
    }
  }
  return "";
}

}  // namespace

net::IpAddr gatewayOf(const net::Prefix& vxnet) {
  return vxnet.at(1).value_or(vxnet.first());
}

net::IpAddr borderAddressOf(const net::Prefix& vxnet) {
  return vxnet.at(vxnet.count() - 2).value_or(vxnet.last());
}

net::Prefix internetRange() {
  return {net::IpAddr::v4(0xC6336400), 24};  // 198.51.100.0
}

std::string reservedAs(const net::Prefix& network) {
  std::string reserved = match(network, kNoHosts);
  if (reserved.empty() && internetRange().overlaps(network)) {
    return "where the lab's internet client lives (" + internetRange().toString() + ")";
  }
  return reserved;
}

std::string notPublicAs(net::IpAddr address) {
  const std::string reserved = reservedAs(net::Prefix::host(address));
  return reserved.empty() ? match(net::Prefix::host(address), kPrivate) : reserved;
}

void forEachOverlap(std::vector<RangeUse> uses,
                    const std::function<void(const RangeUse& earlier, const RangeUse& later)>& found) {
  std::sort(uses.begin(), uses.end(), [](const RangeUse& a, const RangeUse& b) {
    return a.range != b.range ? a.range < b.range
                              : std::tie(a.pos, a.owner, a.group) < std::tie(b.pos, b.owner, b.group);
  });
  // Networks nest or are apart, so the ones that are still open hold each other.
  std::vector<const RangeUse*> open;
  for (const RangeUse& use : uses) {
    while (!open.empty() && !open.back()->range.overlaps(use.range)) {
      open.pop_back();
    }
    for (auto outer = open.rbegin(); outer != open.rend(); ++outer) {
      if ((*outer)->group.empty() || (*outer)->group != use.group) {
        const bool inOrder = (*outer)->pos < use.pos;
        found(inOrder ? **outer : use, inOrder ? use : **outer);
        break;
      }
    }
    open.push_back(&use);
  }
}

}  // namespace vpclab::lab
