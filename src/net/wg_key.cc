#include "net/wg_key.h"

#include <cstdio>

#include <sodium.h>

namespace vpclab::net {

std::optional<WgKey> WgKey::parse(std::string_view base64) {
  WgKey key;
  std::size_t size = 0;
  const char* end = nullptr;
  if (base64.size() != 44 ||
      sodium_base642bin(key.bytes.data(), key.bytes.size(), base64.data(), base64.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      size != key.bytes.size() || end != base64.data() + base64.size()) {
    return std::nullopt;
  }
  return key;
}

std::string WgKey::toBase64() const {
  std::array<char, 45> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  return text.data();
}

std::string WgKey::toHex() const {
  std::array<char, 65> text{};
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  return text.data();
}

WgKey clampPrivateKey(WgKey random) {
  random.bytes[0] &= 0xF8U;
  random.bytes[31] = static_cast<std::uint8_t>((random.bytes[31] & 0x7FU) | 0x40U);
  return random;
}

WgKey publicKeyOf(const WgKey& privateKey) {
  WgKey key;
  crypto_scalarmult_base(key.bytes.data(), privateKey.bytes.data());
  return key;
}

}  // namespace vpclab::net
