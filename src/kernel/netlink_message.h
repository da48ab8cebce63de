#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <linux/netlink.h>

#include "net/ip.h"

namespace vpclab::kernel {

// One netlink request, built in place (libmnl). Attributes that do not fit make it invalid instead of growing it: a
// request of ours has a known size.
class Message {
 public:
  static constexpr std::size_t kCapacity = 2048;

  // `what` says what the request does and to which object; it heads the error if the kernel refuses.
  template <class Header>
  Message(std::string what, std::uint16_t type, std::uint16_t flags, const Header& header,
          std::size_t capacity = kCapacity)
      : Message(std::move(what), type, flags, &header, sizeof header, capacity) {}

  Message& u8(std::uint16_t type, std::uint8_t value) { return bytes(type, &value, sizeof value); }
  Message& u16(std::uint16_t type, std::uint16_t value) { return bytes(type, &value, sizeof value); }
  Message& u32(std::uint16_t type, std::uint32_t value) { return bytes(type, &value, sizeof value); }
  Message& u64(std::uint16_t type, std::uint64_t value) { return bytes(type, &value, sizeof value); }
  Message& text(std::uint16_t type, const std::string& value) { return bytes(type, value.c_str(), value.size() + 1); }
  Message& address(std::uint16_t type, const net::IpAddr& value) { return bytes(type, value.bytes(), value.size()); }
  Message& bytes(std::uint16_t type, const void* data, std::size_t size);
  // Attributes added until close() are inside. Nests may be nested.
  Message& open(std::uint16_t type);
  Message& close();
  // A bare structure, as VETH_INFO_PEER has in front of its attributes.
  Message& raw(const void* data, std::size_t size);

  bool fits() const { return fits_; }
  const std::string& what() const { return what_; }
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  std::size_t size() const { return reinterpret_cast<const nlmsghdr*>(buffer_.data())->nlmsg_len; }

 private:
  Message(std::string what, std::uint16_t type, std::uint16_t flags, const void* header, std::size_t headerSize,
          std::size_t capacity);

  std::string what_;
  std::vector<char> buffer_;
  std::vector<nlattr*> nests_;
  bool fits_ = true;
};

// The attributes of a message from the kernel, or of a nest. Lengths are checked: what is cut short does not appear.
class Attributes {
 public:
  Attributes(const nlmsghdr* message, std::size_t headerSize);
  explicit Attributes(const nlattr* nest);

  // The last one of a type, or nullptr; its payload is at least `minSize` bytes.
  const nlattr* find(std::uint16_t type, std::size_t minSize = 0) const;
  bool has(std::uint16_t type) const { return find(type) != nullptr; }
  std::uint8_t u8(std::uint16_t type, std::uint8_t otherwise = 0) const;
  std::uint16_t u16(std::uint16_t type, std::uint16_t otherwise = 0) const;
  std::uint32_t u32(std::uint16_t type, std::uint32_t otherwise = 0) const;
  std::uint64_t u64(std::uint16_t type, std::uint64_t otherwise = 0) const;
  std::string text(std::uint16_t type) const;
  std::optional<net::IpAddr> address(std::uint16_t type) const;
  // Copies a structure; false where the attribute is missing or shorter.
  bool copy(std::uint16_t type, void* out, std::size_t size) const;
  Attributes nest(std::uint16_t type) const;
  // The attributes behind a structure of this size, as in netem's options.
  Attributes after(std::size_t size) const;
  // Each attribute in order.
  std::vector<const nlattr*> all() const;

 private:
  Attributes(const char* begin, std::size_t size) : begin_(begin), size_(size) {}
  const char* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace vpclab::kernel
