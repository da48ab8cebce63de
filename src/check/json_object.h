#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "net/ip.h"

namespace vpclab::check {

// Reads one JSON object strictly: every member must be there, of its type and in its range, and no other may be. The
// first thing wrong is kept and told by finish(); what is read behind it is of no use.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& value, std::string what);

  bool boolean(const char* key);
  std::uint64_t number(const char* key, std::uint64_t min, std::uint64_t max);
  std::chrono::milliseconds span(const char* key);  // 1 ms to kMaxWait
  double real(const char* key);                     // finite, not negative
  double milliseconds(const char* key) { return real(key); }
  std::string text(const char* key, std::size_t maxBytes);
  net::IpAddr address(const char* key);  // IPv4
  const nlohmann::json& array(const char* key, std::size_t maxElements);
  const nlohmann::json* optional(const char* key);  // null where the member is missing or null

  void refuse(const std::string& why);
  base::Result<> finish();

 private:
  const nlohmann::json* member(const char* key);

  const nlohmann::json* object_ = nullptr;
  std::string what_;
  std::string problem_;
  std::vector<std::string> read_;
};

}  // namespace vpclab::check
