#include "state/key.h"

namespace vpclab::state {

std::string_view nameOf(Kind kind) {
  switch (kind) {
    case Kind::kNetns:
      return "netns";
    case Kind::kSysctl:
      return "sysctl";
    case Kind::kBridge:
      return "bridge";
    case Kind::kVrf:
      return "vrf";
    case Kind::kVeth:
      return "veth";
    case Kind::kWgDevice:
      return "wireguard";
    case Kind::kAddress:
      return "address";
    case Kind::kRule:
      return "rule";
    case Kind::kRoute:
      return "route";
    case Kind::kNeighbours:
      return "neighbours";
    case Kind::kQdisc:
      return "qdisc";
    case Kind::kNftTable:
      return "nft-table";
    case Kind::kProcess:
      return "process";
  }
  return "unknown";
}

std::string Key::toString() const {
  std::string out(state::nameOf(kind));
  out += ' ';
  if (!host.empty()) {
    out += host + ":";
  }
  out += netns;
  if (!name.empty()) {
    out += "/" + name;
  }
  return out;
}

}  // namespace vpclab::state
