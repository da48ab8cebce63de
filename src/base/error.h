#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vpclab::base {

// What a failure means to the caller; errnoValue says what the kernel meant.
enum class ErrorKind {
  kInvalid,      // bad input or usage; a retry will not help
  kNotFound,     // the named object does not exist
  kExists,       // an object of that name is in the way
  kForeign,      // an object in the way that is not ours, and so is never touched
  kBusy,         // somebody else holds it; a retry may help
  kTimeout,      // a deadline passed; a retry may help
  kPermission,   // the caller or this process may not do it
  kUnsupported,  // this kernel or this machine cannot do it
  kLimit,        // a stated limit would be exceeded
  kProtocol,     // a peer sent something that its protocol does not allow
  kSystem,       // a system call failed; errnoValue is set
  kCancelled,    // stopped on request
  kInternal,     // a bug in vpclab
};

std::string_view nameOf(ErrorKind kind);

// A failure at run time. `text` names the operation and the object; `kernelText` holds the kernel's own words (extended
// ack) where it gave any. Context is added on the way up, outermost last.
class Error {
 public:
  Error(ErrorKind kind, std::string text);
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  // What was moved from still says what it said: NOLINTNEXTLINE(performance-move-constructor-init)
  Error(Error&& other) noexcept : parts_(other.parts_) {}
  Error& operator=(Error&& other) noexcept {
    parts_ = other.parts_;
    return *this;
  }
  ~Error() = default;

  // A failed system call: kind kSystem, or the closer kind that the errno implies (ENOENT: kNotFound, EEXIST: kExists,
  // EPERM/EACCES: kPermission, EBUSY: kBusy, ETIMEDOUT: kTimeout, EOPNOTSUPP/ENOSYS: kUnsupported).
  static Error fromErrno(int errnoValue, std::string operation);

  // What another process has met and told: its message(), which has the words for errnoValue, and that (0: none).
  static Error relayed(ErrorKind kind, int errnoValue, std::string message);

  ErrorKind kind() const { return parts_->kind; }
  int errnoValue() const { return parts_->errnoValue; }  // 0: not from a system call
  const std::string& text() const { return parts_->text; }
  const std::string& kernelText() const { return parts_->kernelText; }

  Error&& withKernelText(std::string text) &&;
  // Says what was being done when this happened: "bring up link eth0 in bj-server1".
  Error&& context(std::string what) &&;

  // "outer: inner: text: Operation not permitted (kernel: ...)", on one line.
  std::string message() const;

 private:
  struct Parts {
    ErrorKind kind;
    int errnoValue = 0;
    bool worded = false;  // `text` has the words for errnoValue
    std::string text;
    std::string kernelText;
    std::vector<std::string> context;
  };
  Parts& own();

  // Shared by copies: there are results by the ten thousand, of which hardly one is an error.
  std::shared_ptr<Parts> parts_;
};

}  // namespace vpclab::base
