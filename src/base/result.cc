#include "base/result.h"

#include <cerrno>

namespace vpclab::base {

tl::unexpected<Error> failErrno(std::string operation) {
  return tl::make_unexpected(Error::fromErrno(errno, std::move(operation)));
}

}  // namespace vpclab::base
