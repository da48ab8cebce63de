#pragma once

#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::kernel {

// The absolute path of a program: of PATH, or of where Debian has it. Empty: there is none.
std::string findProgram(const std::string& name);

// What must be known of the installed wireguard-go(8). Thread safe.
class WireGuardGo {
 public:
  // Of IFF_NO_PI and IFF_VNET_HDR (TUNSETIFF) those with which it makes its interface, and which it so takes for
  // granted of one that it is given. Releases differ in this, and their version numbers do not tell: so it is started
  // once, in a namespace that vanishes with it, and the result kept until another program takes its place. Errors:
  // kNotFound where it is not installed; its end; kTimeout.
  base::Result<std::uint32_t> tunFlags(base::Deadline deadline);

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    std::int64_t changed = 0;  // ns

    bool operator==(const Identity&) const = default;
  };

  base::Result<std::uint32_t> tryOnThread(const std::string& program, base::Deadline deadline);

  std::timed_mutex mutex_;
  Identity of_;
  std::optional<std::uint32_t> flags_;
  std::future<void> trial_;  // its end is awaited by the next one, or with this object
};

}  // namespace vpclab::kernel
