#pragma once

#include <string_view>

#include "http/problem.h"

namespace vpclab::http {

enum class TargetForm { kOrigin, kAbsolute, kAuthority, kAsterisk };  // RFC 9112 section 3.2

struct Target {
  TargetForm form = TargetForm::kOrigin;
  std::string_view authority;  // of the absolute and the authority form
  std::string_view path;       // path and query as to be sent in origin form; "*" for the asterisk form; may be empty
                               // for an absolute form without a path, which means "/"
};

// Checks and splits a request target. Problems: 400.
Parsed<Target> parseTarget(std::string_view method, std::string_view target);

// uri-host [":" port], RFC 9110 section 7.2; userinfo is refused.
bool isAuthority(std::string_view text);

}  // namespace vpclab::http
