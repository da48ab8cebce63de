#include "kernel/netlink_message.h"

#include <cstring>

#include <libmnl/libmnl.h>

namespace vpclab::kernel {

Message::Message(std::string what, std::uint16_t type, std::uint16_t flags, const void* header, std::size_t headerSize,
                 std::size_t capacity)
    : what_(std::move(what)), buffer_(capacity) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer_.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  raw(header, headerSize);
}

Message& Message::bytes(std::uint16_t type, const void* data, std::size_t size) {
  fits_ = fits_ && mnl_attr_put_check(header(), buffer_.size(), type, size, data);
  return *this;
}

Message& Message::open(std::uint16_t type) {
  nlattr* nest = fits_ ? mnl_attr_nest_start_check(header(), buffer_.size(), type) : nullptr;
  fits_ = fits_ && nest != nullptr;
  nests_.push_back(nest);
  return *this;
}

Message& Message::close() {
  if (fits_) {
    mnl_attr_nest_end(header(), nests_.back());
  }
  nests_.pop_back();
  return *this;
}

Message& Message::raw(const void* data, std::size_t size) {
  if (header()->nlmsg_len + MNL_ALIGN(size) > buffer_.size()) {
    fits_ = false;
  } else {
    std::memcpy(mnl_nlmsg_put_extra_header(header(), size), data, size);
  }
  return *this;
}

Attributes::Attributes(const nlmsghdr* message, std::size_t headerSize) {
  const std::size_t skip = MNL_NLMSG_HDRLEN + MNL_ALIGN(headerSize);
  if (message->nlmsg_len > skip) {
    begin_ = reinterpret_cast<const char*>(message) + skip;
    size_ = message->nlmsg_len - skip;
  }
}

Attributes::Attributes(const nlattr* nest) {
  if (nest != nullptr) {
    begin_ = static_cast<const char*>(mnl_attr_get_payload(nest));
    size_ = mnl_attr_get_payload_len(nest);
  }
}

std::vector<const nlattr*> Attributes::all() const {
  std::vector<const nlattr*> out;
  std::size_t at = 0;
  while (size_ - at >= sizeof(nlattr)) {
    const auto* attribute = reinterpret_cast<const nlattr*>(begin_ + at);
    if (attribute->nla_len < sizeof(nlattr) || attribute->nla_len > size_ - at) {
      break;
    }
    out.push_back(attribute);
    const std::size_t step = MNL_ALIGN(attribute->nla_len);
    if (step >= size_ - at) {
      break;
    }
    at += step;
  }
  return out;
}

const nlattr* Attributes::find(std::uint16_t type, std::size_t minSize) const {
  const nlattr* found = nullptr;
  for (const nlattr* attribute : all()) {
    if (mnl_attr_get_type(attribute) == type && mnl_attr_get_payload_len(attribute) >= minSize) {
      found = attribute;
    }
  }
  return found;
}

bool Attributes::copy(std::uint16_t type, void* out, std::size_t size) const {
  const nlattr* attribute = find(type, size);
  if (attribute == nullptr) {
    return false;
  }
  std::memcpy(out, mnl_attr_get_payload(attribute), size);
  return true;
}

std::uint8_t Attributes::u8(std::uint16_t type, std::uint8_t otherwise) const {
  copy(type, &otherwise, sizeof otherwise);
  return otherwise;
}
std::uint16_t Attributes::u16(std::uint16_t type, std::uint16_t otherwise) const {
  copy(type, &otherwise, sizeof otherwise);
  return otherwise;
}
std::uint32_t Attributes::u32(std::uint16_t type, std::uint32_t otherwise) const {
  copy(type, &otherwise, sizeof otherwise);
  return otherwise;
}
std::uint64_t Attributes::u64(std::uint16_t type, std::uint64_t otherwise) const {
  copy(type, &otherwise, sizeof otherwise);
  return otherwise;
}

std::string Attributes::text(std::uint16_t type) const {
  const nlattr* attribute = find(type);
  if (attribute == nullptr) {
    return "";
  }
  const char* begin = static_cast<const char*>(mnl_attr_get_payload(attribute));
  return {begin, ::strnlen(begin, mnl_attr_get_payload_len(attribute))};
}

std::optional<net::IpAddr> Attributes::address(std::uint16_t type) const {
  const nlattr* attribute = find(type);
  return attribute == nullptr
             ? std::nullopt
             : net::IpAddr::fromBytes(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

Attributes Attributes::nest(std::uint16_t type) const {
  return Attributes(find(type));
}

Attributes Attributes::after(std::size_t size) const {
  const std::size_t skip = MNL_ALIGN(size);
  return skip < size_ ? Attributes(begin_ + skip, size_ - skip) : Attributes(begin_, std::size_t{0});
}

}  // namespace vpclab::kernel
