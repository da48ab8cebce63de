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

Error::Error(ErrorKind kind, std::string text)
    : parts_(std::make_shared<Parts>(Parts{kind, 0, false, std::move(text), {}, {}})) {}

Error::Parts& Error::own() {
  if (parts_.use_count() != 1) {
    parts_ = std::make_shared<Parts>(*parts_);
  }
  return *parts_;
}

Error&& Error::withKernelText(std::string text) && {
  own().kernelText = std::move(text);
  return std::move(*this);
}

Error&& Error::context(std::string what) && {
  own().context.push_back(std::move(what));
  return std::move(*this);
}

Error Error::fromErrno(int errnoValue, std::string operation) {
  Error error(kindOf(errnoValue), std::move(operation));
  error.parts_->errnoValue = errnoValue;
  return error;
}

Error Error::relayed(ErrorKind kind, int errnoValue, std::string message) {
  Error error(kind, std::move(message));
  error.parts_->errnoValue = errnoValue;
  error.parts_->worded = true;
  return error;
}

std::string Error::message() const {
  std::string out;
  for (auto it = parts_->context.rbegin(); it != parts_->context.rend(); ++it) {
    out += *it;
    out += ": ";
  }
  out += text();
  if (errnoValue() != 0 && !parts_->worded) {
    out += ": ";
    out += std::generic_category().message(errnoValue());
  }
  if (!kernelText().empty()) {
    out += " (kernel: " + kernelText() + ")";
  }
  return out;
}

}  // namespace vpclab::base
