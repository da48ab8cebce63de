#include "net/ip.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include "base/text.h"

namespace vpclab::net {

IpAddr IpAddr::v4(std::uint32_t hostOrder) {
  IpAddr out;
  for (unsigned i = 0; i < 4; ++i) {
    out.bytes_[i] = static_cast<std::uint8_t>(hostOrder >> (24 - 8 * i));
  }
  return out;
}

std::optional<IpAddr> IpAddr::parse(std::string_view text) {
  const std::string copy(text);
  IpAddr out;
  // glibc's inet_pton takes no leading zeros, no short forms and nothing behind the address.
  if (::inet_pton(AF_INET, copy.c_str(), out.bytes_.data()) == 1 && copy.size() == std::strlen(copy.c_str())) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i] == '0' && text[i + 1] != '.' && (i == 0 || text[i - 1] == '.')) {
        return std::nullopt;
      }
    }
    return out;
  }
  if (::inet_pton(AF_INET6, copy.c_str(), out.bytes_.data()) == 1 && copy.size() == std::strlen(copy.c_str())) {
    out.family_ = Family::kIpv6;
    return out;
  }
  return std::nullopt;
}

std::optional<IpAddr> IpAddr::fromBytes(const void* data, std::size_t size) {
  if (size != 4 && size != 16) {
    return std::nullopt;
  }
  IpAddr out;
  out.family_ = size == 4 ? Family::kIpv4 : Family::kIpv6;
  std::memcpy(out.bytes_.data(), data, size);
  return out;
}

std::uint32_t IpAddr::v4HostOrder() const {
  return (std::uint32_t{bytes_[0]} << 24U) | (std::uint32_t{bytes_[1]} << 16U) | (std::uint32_t{bytes_[2]} << 8U) |
         std::uint32_t{bytes_[3]};
}

std::string IpAddr::toString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!isV4()) {
    ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    return text.data();
  }
  // A large lab writes tens of thousands of these, and inet_ntop(3) reads a format for each.
  char* at = text.data();
  for (unsigned i = 0; i < 4; ++i) {
    at = std::to_chars(at, text.data() + text.size(), bytes_[i]).ptr;
    *at++ = '.';
  }
  return {text.data(), at - 1};
}

namespace {

IpAddr mask(IpAddr address, unsigned length, bool ones) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), address.bytes(), address.size());
  for (unsigned i = 0; i < address.size(); ++i) {
    const unsigned bits = std::clamp(length, 8 * i, 8 * i + 8) - 8 * i;  // of this byte that belong to the prefix
    const auto kept = static_cast<std::uint8_t>(0xFF00U >> bits);
    bytes[i] = static_cast<std::uint8_t>(ones ? bytes[i] | ~kept : bytes[i] & kept);
  }
  return *IpAddr::fromBytes(bytes.data(), address.size());
}

}  // namespace

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = IpAddr::parse(text.substr(0, slash));
  const auto digits = text.substr(slash + 1);
  if (!address || (digits.size() > 1 && digits.front() == '0')) {
    return std::nullopt;
  }
  const auto length = base::parseInteger(digits, 0, address->bits());
  if (!length) {
    return std::nullopt;
  }
  return Prefix(*address, static_cast<unsigned>(*length));
}

Prefix Prefix::network() const {
  return {mask(address_, length_, false), length_};
}

bool Prefix::contains(IpAddr address) const {
  return address.family() == family() && mask(address, length_, false) == first();
}

bool Prefix::contains(const Prefix& inner) const {
  return inner.length_ >= length_ && contains(inner.address_);
}

IpAddr Prefix::last() const {
  return mask(address_, length_, true);
}

std::uint64_t Prefix::count() const {
  const unsigned hostBits = address_.bits() - length_;
  return std::uint64_t{1} << std::min(hostBits, 63U);
}

std::optional<IpAddr> Prefix::at(std::uint64_t offset) const {
  if (!address_.isV4() || offset >= count()) {
    return std::nullopt;
  }
  return IpAddr::v4(first().v4HostOrder() + static_cast<std::uint32_t>(offset));
}

std::string Prefix::toString() const {
  return address_.toString() + "/" + std::to_string(length_);
}

}  // namespace vpclab::net
