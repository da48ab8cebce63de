#include "kernel/presence.h"

#include "kernel/namespaces.h"
#include "kernel/pins.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

base::Result<bool> hasNamespaces(const std::string& runDir, const std::string& netnsDir, const std::string& lab,
                                 base::Deadline deadline) {
  const Pins pins(runDir, netnsDir);
  const auto found = pins.list(lab);
  if (!found) {
    return base::fail(found.error());
  }
  base::Result<bool> out = false;
  auto ran = onThreads(1, [&](std::size_t) {
    for (const Pin& pin : *found) {
      auto socket = enterPinned(pin.path);
      const base::Result<> ours =
          socket ? pins.checkOwner(*socket, pin.path, deadline) : base::fail(std::move(socket.error()));
      if (ours) {
        out = true;
        return;
      }
      if (ours.error().kind() == base::ErrorKind::kTimeout) {
        out = base::fail(ours.error());
        return;
      }
    }
  });
  return ran ? out : base::fail(std::move(ran.error()));
}

}  // namespace vpclab::kernel
