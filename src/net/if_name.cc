#include "net/if_name.h"

#include <algorithm>

#include "base/text.h"

namespace vpclab::net {

bool isValidIfName(std::string_view name) {
  if (name.empty() || name.size() > kMaxIfName || name == "." || name == "..") {
    return false;
  }
  return std::none_of(name.begin(), name.end(),
                      [](unsigned char c) { return c == '/' || c == ':' || c == '%' || c <= ' ' || c == 0x7F; });
}

std::string shortIfName(std::string_view wanted) {
  if (wanted.size() <= kMaxIfName) {
    return std::string(wanted);
  }
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string suffix = "~";
  std::uint64_t hash = base::stableHash(wanted);
  for (int i = 0; i < 6; ++i) {
    suffix += kDigits[hash % kDigits.size()];
    hash /= kDigits.size();
  }
  return std::string(wanted.substr(0, kMaxIfName - suffix.size())) + suffix;
}

}  // namespace vpclab::net
