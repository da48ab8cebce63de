#pragma once

#include <algorithm>
#include <string_view>

namespace vpclab::lab {

// What a header or a cookie may be called: RFC 9110 section 5.6.2.
inline bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace vpclab::lab
