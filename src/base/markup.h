#pragma once

#include <string>
#include <string_view>

namespace vpclab::base {

// Text as content or attribute value: & < > " ' become references that both HTML and XML know.
std::string escapeMarkup(std::string_view text);

}  // namespace vpclab::base
