#pragma once

#include <cstdint>

#include "http/head.h"

namespace vpclab::lb {

// How often a TRACE or OPTIONS request may still be passed on: RFC 9110 section 7.6.2. Other methods have no limit.
struct MaxForwards {
  bool given = false;
  bool valid = true;  // false: no number, or given twice
  std::uint32_t left = 0;
};

MaxForwards maxForwardsOf(const http::RequestHead& head);

}  // namespace vpclab::lb
