#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace vpclab::tests {

// Members of an answer whose names are not spelled as all are, like_this. What is no name at all (an address, a path, a
// key of a tunnel) is a member's name where values are listed by it.
inline std::vector<std::string> misspelled(const nlohmann::json& value) {
  std::vector<std::string> out;
  if (!value.is_structured()) {
    return out;
  }
  for (const auto& [name, member] : value.items()) {
    const bool isName = std::all_of(name.begin(), name.end(), [](char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (isName && std::any_of(name.begin(), name.end(), [](char c) { return std::isupper(c) != 0; })) {
      out.push_back(name);
    }
    const auto within = misspelled(member);
    out.insert(out.end(), within.begin(), within.end());
  }
  return out;
}

}  // namespace vpclab::tests
