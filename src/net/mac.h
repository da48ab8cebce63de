#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpclab::net {

// An Ethernet address, in wire order.
struct Mac {
  std::array<std::uint8_t, 6> bytes{};

  // The same locally administered unicast address for the same seed, always: neighbours can be known beforehand.
  static Mac fromSeed(std::string_view seed);
  static std::optional<Mac> parse(std::string_view text);  // "02:00:5e:10:00:01"
  std::string toString() const;

  auto operator<=>(const Mac&) const = default;
};

}  // namespace vpclab::net
