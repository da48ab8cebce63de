#include "keeper/tun.h"

#include <cstring>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

namespace vpclab::keeper {

base::Result<base::UniqueFd> makeTun(const OpenNetns& netns, const std::string& name, std::uint32_t flags) {
  const auto scope = NetnsScope::enter(netns.fd.get());
  if (!scope) {
    return base::fail(scope.error());
  }
  // It belongs to the namespace in which the device file was opened.
  base::UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tun) {
    return base::failErrno("open /dev/net/tun");
  }
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  // Exclusive: never somebody else's interface of that name.
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_TUN_EXCL | flags);
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
    return base::failErrno("make the tun interface " + name);
  }
  return tun;
}

}  // namespace vpclab::keeper
