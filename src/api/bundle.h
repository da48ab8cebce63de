#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace vpclab::api {

// A lab as the CLI read it with its caller's rights: the lab file's path, and every file that belongs to it.
struct Bundle {
  std::string path;
  std::map<std::string, std::string> files;  // path -> content, any bytes

  bool operator==(const Bundle&) const = default;
};

// Files are {"text": ...} where they are UTF-8, else {"base64": ...} (RFC 4648 section 4).
nlohmann::json bundleToJson(const Bundle& bundle);
// Strict. Errors: kInvalid; kLimit for more files or bytes than a lab may have.
base::Result<Bundle> bundleFromJson(const nlohmann::json& json);

}  // namespace vpclab::api
