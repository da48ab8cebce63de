#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace vpclab::api {

// Parses JSON text (RFC 8259) whose values nest at most base::kMaxJsonDepth deep. Errors: kInvalid; names `what`.
base::Result<nlohmann::json> parseJson(std::string_view text, const std::string& what);

// As text on one line; bytes that are no UTF-8 are replaced by U+FFFD.
std::string dumpJson(const nlohmann::json& json, int indent = -1);

// Takes the members of an object one by one and remembers the first mistake. Every member must be asked for: finish()
// refuses those that were not.
class JsonReader {
 public:
  // Both must outlive the reader.
  JsonReader(const nlohmann::json& json, std::string what);

  JsonReader& take(const char* name, std::string& out);
  JsonReader& take(const char* name, bool& out);
  JsonReader& take(const char* name, std::int64_t& out, std::int64_t min, std::int64_t max);
  JsonReader& take(const char* name, std::vector<std::string>& out);
  // The member as it is; nullptr after a mistake or where it is missing, which is a mistake too.
  const nlohmann::json* member(const char* name);
  // As member(), but may be missing.
  const nlohmann::json* optionalMember(const char* name);

  base::Result<> finish();
  bool ok() const { return !error_.has_value(); }

 private:
  void wrong(const char* name, const char* problem);

  const nlohmann::json& json_;
  std::string what_;
  std::vector<std::string_view> taken_;
  std::optional<base::Error> error_;
};

}  // namespace vpclab::api
