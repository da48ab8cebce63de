#pragma once

#include <string>
#include <string_view>

namespace vpclab::net {

// IFNAMSIZ - 1.
inline constexpr std::size_t kMaxIfName = 15;

// Whether the kernel takes it as an interface name (dev_valid_name: 1 to 15 bytes, no '/', ':' or white space, not "."
// or ".."); also refuses '%', which the kernel reads as a pattern.
bool isValidIfName(std::string_view name);

// `wanted` itself where it fits; else its beginning, '~' and six characters of its hash, so that long names that begin
// alike stay apart. The same input always gives the same name.
std::string shortIfName(std::string_view wanted);

}  // namespace vpclab::net
