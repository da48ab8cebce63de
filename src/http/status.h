#pragma once

#include <string_view>

namespace vpclab::http {

// The reason phrase of RFC 9110 section 15; "Unknown" for codes that it does not name.
std::string_view reasonOf(int status);

}  // namespace vpclab::http
