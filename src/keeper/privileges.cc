#include "keeper/privileges.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vpclab::keeper {

std::span<const int> commandCapabilities() {
  static constexpr std::array kKept = {CAP_CHOWN,         CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                                       CAP_FSETID,        CAP_KILL,         CAP_SETGID,          CAP_SETUID,
                                       CAP_SETPCAP,       CAP_SETFCAP,      CAP_NET_ADMIN,       CAP_NET_BIND_SERVICE,
                                       CAP_NET_BROADCAST, CAP_NET_RAW,      CAP_IPC_LOCK,        CAP_SYS_CHROOT,
                                       CAP_SYS_NICE,      CAP_SYS_RESOURCE, CAP_AUDIT_WRITE};
  return kKept;
}

std::span<const int> tunnelCapabilities() {
  static constexpr std::array kKept = {CAP_NET_ADMIN};
  return kKept;
}

base::Result<> keepOnly(std::span<const int> capabilities) {
  constexpr int kLast = 63;
  for (int number = 0; number <= kLast; ++number) {
    const bool kept = std::find(capabilities.begin(), capabilities.end(), number) != capabilities.end();
    if (!kept && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      if (errno == EINVAL) {
        break;  // this kernel knows no more
      }
      return base::failErrno("give up capability " + std::to_string(number));
    }
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) {
    return base::failErrno("capget");
  }
  for (std::size_t word = 0; word < sets.size(); ++word) {
    std::uint32_t mask = 0;
    for (const int number : capabilities) {
      if (static_cast<std::size_t>(number) / 32 == word) {
        mask |= 1U << (static_cast<unsigned>(number) % 32);
      }
    }
    // A container may not have all of them to begin with.
    sets.at(word).permitted &= mask;
    sets.at(word).effective = sets.at(word).permitted;
    sets.at(word).inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, sets.data()) != 0) {
    return base::failErrno("capset");
  }
  return {};
}

}  // namespace vpclab::keeper
