#include "net/mac.h"

#include <charconv>

#include "base/text.h"

namespace vpclab::net {

Mac Mac::fromSeed(std::string_view seed) {
  Mac mac;
  const std::uint64_t hash = base::stableHash(seed);
  for (unsigned i = 0; i < 6; ++i) {
    mac.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  }
  // IEEE 802: bit 1 of the first octet says "locally administered", bit 0 "group".
  mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] | 0x02U) & 0xFEU);
  return mac;
}

std::optional<Mac> Mac::parse(std::string_view text) {
  const auto parts = base::split(text, ':');
  if (parts.size() != 6) {
    return std::nullopt;
  }
  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto* end = parts[i].data() + parts[i].size();
    const auto [stop, error] = std::from_chars(parts[i].data(), end, mac.bytes[i], 16);
    if (parts[i].size() != 2 || error != std::errc() || stop != end) {
      return std::nullopt;
    }
  }
  return mac;
}

std::string Mac::toString() const {
  // Not by snprintf(3): tables of neighbours hold tens of thousands.
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(3 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    if (!out.empty()) {
      out += ':';
    }
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
  return out;
}

}  // namespace vpclab::net
