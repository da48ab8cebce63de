#include "state/json_reader.h"

namespace vpclab::state {

using Json = nlohmann::json;

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::optional<std::string> fromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto high = kHexDigits.find(hex[i]);
    const auto low = kHexDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
  }
  return hex.size() % 2 == 0 ? std::optional<std::string>(std::move(out)) : std::nullopt;
}

}  // namespace

Json bytesToJson(const std::string& bytes) {
  if (base::isValidUtf8(bytes)) {
    return bytes;
  }
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kHexDigits[byte >> 4U];
    hex += kHexDigits[byte & 15U];
  }
  return {{"hex", std::move(hex)}};
}

std::optional<std::string> bytesFromJson(const Json& json) {
  if (json.is_string()) {
    return json.get<std::string>();
  }
  const bool hex = json.is_object() && json.size() == 1 && json.contains("hex") && json["hex"].is_string();
  return hex ? fromHex(json["hex"].get_ref<const std::string&>()) : std::nullopt;
}

}  // namespace vpclab::state
