#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "base/text.h"
#include "net/ip.h"

namespace vpclab::state {

constexpr std::size_t kMaxItems = 100'000;  // in any one list

// The words by which an enum's values go over the wire.
template <class Enum>
using Name = std::pair<Enum, std::string_view>;
template <class Enum, std::size_t N>
using Names = std::array<Name<Enum>, N>;

template <class Enum, std::size_t N>
std::string_view wordFor(Enum value, const Names<Enum, N>& names) {
  for (const auto& [one, word] : names) {
    if (one == value) {
      return word;
    }
  }
  return "";
}

// Bytes of any kind. JSON strings are UTF-8; what is not travels as {"hex": "..."}.
nlohmann::json bytesToJson(const std::string& bytes);
std::optional<std::string> bytesFromJson(const nlohmann::json& json);

// Reads the members of one JSON object. The first mistake is kept; what is read behind it has no meaning. finish()
// tells, and refuses members that nobody asked for.
class Reader {
 public:
  Reader(const nlohmann::json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json_.is_object()) {
      complain("an object is needed");
    }
  }

  const nlohmann::json& member(const char* name) {
    static const nlohmann::json kNull;
    if (error_) {
      return kNull;
    }
    const auto found = json_.find(name);
    if (found == json_.end()) {
      complain(std::string("member ") + name + " is missing");
      return kNull;
    }
    ++taken_;
    return *found;
  }

  std::string text(const char* name) {
    const nlohmann::json& value = member(name);
    if (!error_ && !value.is_string()) {
      complain(std::string(name) + " has to be a string");
    }
    return error_ ? std::string() : value.get<std::string>();
  }

  std::string bytes(const char* name) {
    const nlohmann::json& value = member(name);
    const auto decoded = error_ ? std::nullopt : bytesFromJson(value);
    if (!error_ && !decoded) {
      complain(std::string(name) + " has to be a string, or an object with the string hex");
    }
    return decoded.value_or(std::string());
  }

  bool flag(const char* name) {
    const nlohmann::json& value = member(name);
    if (!error_ && !value.is_boolean()) {
      complain(std::string(name) + " has to be true or false");
    }
    return !error_ && value.get<bool>();
  }

  std::int64_t number(const char* name, std::int64_t min, std::int64_t max) {
    const nlohmann::json& value = member(name);
    if (error_) {
      return min;
    }
    const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max)
                                                 : value.is_number_integer() && value.get<std::int64_t>() <= max;
    if (!fits || value.get<std::int64_t>() < min) {
      complain(std::string(name) + " has to be a whole number from " + std::to_string(min) + " to " +
               std::to_string(max));
      return min;
    }
    return value.get<std::int64_t>();
  }

  std::chrono::milliseconds span(const char* name) {
    return std::chrono::milliseconds(number(name, 1, std::int64_t{7} * 24 * 3600 * 1000));
  }

  std::uint32_t count(const char* name) { return static_cast<std::uint32_t>(number(name, 0, 1'000'000)); }

  net::IpAddr address(const char* name) {
    const auto parsed = net::IpAddr::parse(text(name));
    if (!error_ && !parsed) {
      complain(std::string(name) + " is no IP address");
    }
    return parsed.value_or(net::IpAddr());
  }

  // Empty: none.
  std::optional<net::Prefix> prefix(const char* name) {
    const std::string given = text(name);
    const auto parsed = net::Prefix::parse(given);
    if (!given.empty() && !parsed) {
      complain(std::string(name) + " is no network");
    }
    return parsed;
  }

  template <class Enum, std::size_t N>
  Enum word(const char* name, const Names<Enum, N>& names) {
    const std::string given = text(name);
    for (const auto& [value, known] : names) {
      if (given == known) {
        return value;
      }
    }
    complain(std::string(name) + " has an unknown value " + base::printable(given));
    return names.begin()->first;
  }

  // Decodes each element of a list with `decode(json, where)`.
  template <class Decode>
  auto list(const char* name, Decode decode) {
    std::vector<typename decltype(decode(std::declval<const nlohmann::json&>(), std::string()))::value_type> out;
    const nlohmann::json& value = member(name);
    if (!error_ && (!value.is_array() || value.size() > kMaxItems)) {
      complain(std::string(name) + " has to be a list of at most " + std::to_string(kMaxItems));
    }
    if (error_) {
      return out;
    }
    for (const nlohmann::json& one : value) {
      auto decoded = decode(one, where_ + "." + name + "[" + std::to_string(out.size()) + "]");
      if (!decoded) {
        error_ = std::move(decoded.error());
        break;
      }
      out.push_back(std::move(*decoded));
    }
    return out;
  }

  // Decodes a member object.
  template <class Decode>
  auto object(const char* name, Decode decode) {
    typename decltype(decode(std::declval<const nlohmann::json&>(), std::string()))::value_type out{};
    const nlohmann::json& value = member(name);
    if (!error_) {
      if (auto decoded = decode(value, where_ + "." + name)) {
        out = std::move(*decoded);
      } else {
        error_ = std::move(decoded.error());
      }
    }
    return out;
  }

  template <class T>
  base::Result<T> finish(T value) {
    if (!error_ && taken_ != json_.size()) {
      complain("it has a member that is not known");
    }
    if (error_) {
      return base::fail(std::move(*error_));
    }
    return value;
  }

 private:
  void complain(const std::string& what) {
    if (!error_) {
      error_ = base::Error(base::ErrorKind::kInvalid, "decode " + where_ + ": " + what);
    }
  }

  const nlohmann::json& json_;
  std::string where_;
  std::size_t taken_ = 0;
  std::optional<base::Error> error_;
};

}  // namespace vpclab::state
