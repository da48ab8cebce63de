#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/shared_string.h"

namespace vpclab::state {

// The kinds of kernel objects that a lab owns. The order is the order of creation; deletion is the reverse.
enum class Kind : std::uint8_t {
  kNetns,
  kSysctl,
  kBridge,
  kVrf,
  kVeth,
  kWgDevice,
  kAddress,
  kRule,
  kRoute,
  kNeighbours,
  kQdisc,
  kNftTable,
  kProcess,
};
inline constexpr int kKindCount = 13;

std::string_view nameOf(Kind kind);  // "netns", "veth", ...

// Names one kernel object. `host` is empty for this host (labs that span hosts will fill it). `netns` is the node's
// name within its lab, without the pin's prefix. `name` is unique per kind within the namespace.
struct Key {
  Kind kind = Kind::kNetns;
  base::SharedString host;
  base::SharedString netns;
  base::SharedString name;

  auto operator<=>(const Key&) const = default;
  std::string toString() const;  // "veth switch.pek3/bj-server1"; a netns is "netns bj-server1"
};

}  // namespace vpclab::state
