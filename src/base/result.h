#pragma once

#include <tl/expected.hpp>

#include "base/error.h"

namespace vpclab::base {

template <class T = void>
using Result = tl::expected<T, Error>;

// `return fail(ErrorKind::kInvalid, "...")` from any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return tl::make_unexpected(Error(kind, std::move(text)));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::make_unexpected(std::move(error));
}

// `return failErrno("open /proc/...")` right after the call that failed: reads errno.
tl::unexpected<Error> failErrno(std::string operation);

}  // namespace vpclab::base
