#pragma once

#include <tl/expected.hpp>

namespace vpclab::http {

// Why a message was refused. For a request `status` is what to answer with; for a response it is 502, which is what the
// client of a forwarder gets. `reason` is static text for logs.
struct Problem {
  int status = 0;
  const char* reason = "";
};

template <class T = void>
using Parsed = tl::expected<T, Problem>;

inline tl::unexpected<Problem> refuse(int status, const char* reason) {
  return tl::make_unexpected(Problem{status, reason});
}

}  // namespace vpclab::http
