#pragma once

#include <string>

namespace vpclab::check {

// Any text as the content of an XML element or attribute.
std::string xmlText(const std::string& text);
// Milliseconds as JUnit's seconds.
std::string xmlSeconds(double ms);

}  // namespace vpclab::check
