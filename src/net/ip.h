#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpclab::net {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

// An IP address as a value. Labs use IPv4 today; the family travels with the value so that IPv6 can be added.
// Ordered by family, then numerically.
class IpAddr {
 public:
  IpAddr() = default;  // 0.0.0.0
  static IpAddr v4(std::uint32_t hostOrder);
  // Strict dotted decimal, four numbers without leading zeros (RFC 6943 section 3.1.1); or RFC 4291 text for IPv6.
  static std::optional<IpAddr> parse(std::string_view text);
  // 4 or 16 bytes in network order, as in netlink attributes.
  static std::optional<IpAddr> fromBytes(const void* data, std::size_t size);

  Family family() const { return family_; }
  bool isV4() const { return family_ == Family::kIpv4; }
  std::uint32_t v4HostOrder() const;                           // only for IPv4
  const std::uint8_t* bytes() const { return bytes_.data(); }  // network order
  std::size_t size() const { return isV4() ? 4 : 16; }
  unsigned bits() const { return isV4() ? 32 : 128; }
  std::string toString() const;

  auto operator<=>(const IpAddr&) const = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

// An address with a prefix length. As a network its host bits are zero; as an interface address they are not.
class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0
  Prefix(IpAddr address, unsigned length) : address_(address), length_(static_cast<std::uint8_t>(length)) {}
  static std::optional<Prefix> parse(std::string_view text);  // "a.b.c.d/len"; the length is required
  static Prefix host(IpAddr address) { return {address, address.bits()}; }

  IpAddr address() const { return address_; }
  unsigned length() const { return length_; }
  Family family() const { return address_.family(); }
  Prefix network() const;  // host bits cleared
  bool isNetwork() const { return network() == *this; }
  bool isDefault() const { return length_ == 0; }
  bool contains(IpAddr address) const;
  bool contains(const Prefix& inner) const;
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  IpAddr first() const { return network().address_; }
  IpAddr last() const;                                   // the broadcast address of an IPv4 network
  std::optional<IpAddr> at(std::uint64_t offset) const;  // network address + offset; nullopt outside. IPv4 only.
  std::uint64_t count() const;                           // number of addresses, capped at 2^63
  std::string toString() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  IpAddr address_;
  std::uint8_t length_ = 0;
};

}  // namespace vpclab::net
