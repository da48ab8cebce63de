#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace vpclab::base {

std::string_view nameOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not-found";
    case ErrorKind::kExists:
      return "exists";
    case ErrorKind::kForeign:
      return "foreign";
    case ErrorKind::kBusy:
      return "busy";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kPermission:
      return "permission";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kLimit:
      return "limit";
    case ErrorKind::kProtocol:
      return "protocol";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

namespace {

ErrorKind kindOf(int errnoValue) {
  switch (errnoValue) {
    case ENOENT:
    case ENODEV:
    case ESRCH:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kExists;
    case EPERM:
    case EACCES:
      return ErrorKind::kPermission;
    case EBUSY:
      return ErrorKind::kBusy;
    case ETIMEDOUT:
      return ErrorKind::kTimeout;
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorKind::kUnsupported;
    default:
      return ErrorKind::kSystem;
  }
}

}  // namespace

Error Error::fromErrno(int errnoValue, std::string operation) {
  Error error(kindOf(errnoValue), std::move(operation));
  error.errno_ = errnoValue;
  return error;
}

Error Error::relayed(ErrorKind kind, int errnoValue, std::string message) {
  Error error(kind, std::move(message));
  error.errno_ = errnoValue;
  error.worded_ = true;
  return error;
}

std::string Error::message() const {
  std::string out;
  for (auto it = context_.rbegin(); it != context_.rend(); ++it) {
    out += *it;
    out += ": ";
  }
  out += text_;
  if (errno_ != 0 && !worded_) {
    out += ": ";
    out += std::generic_category().message(errno_);
  }
  if (!kernelText_.empty()) {
    out += " (kernel: " + kernelText_ + ")";
  }
  return out;
}

}  // namespace vpclab::base
