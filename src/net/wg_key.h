#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpclab::net {

// A Curve25519 key as WireGuard uses it; private or public, the holder knows which. Private keys are never printed.
struct WgKey {
  std::array<std::uint8_t, 32> bytes{};

  static std::optional<WgKey> parse(std::string_view base64);  // 44 characters, RFC 4648 section 4
  std::string toBase64() const;
  std::string toHex() const;  // as the cross-platform userspace API of WireGuard writes keys

  auto operator<=>(const WgKey&) const = default;
};

// Clamps 32 random bytes as RFC 7748 section 5 asks.
WgKey clampPrivateKey(WgKey random);
// The public key of a private one: X25519(private, 9), RFC 7748.
WgKey publicKeyOf(const WgKey& privateKey);

}  // namespace vpclab::net
