#include "kernel/tunnels.h"

#include <string_view>

#include "kernel/link_requests.h"
#include "kernel/namespaces.h"
#include "kernel/threads.h"
#include "kernel/wg_netlink.h"
#include "kernel/wg_uapi.h"

namespace vpclab::kernel {

namespace {

constexpr std::string_view kAlias = "vpclab socket=";

class WgJob {
 public:
  WgJob(Environment& environment, const std::string& lab, base::Deadline deadline)
      : environment_(environment), lab_(lab), deadline_(deadline) {}

  base::Result<> create(const state::WgDevice& device) {
    const bool kernel = device.implementation == state::TunnelImplementation::kKernel;
    auto made = kernel ? createInKernel(device) : createByProcess(device);
    if (!made) {
      return made;
    }
    return inNetns(device.netns, [&](Session& session) -> base::Result<> {
      if (kernel) {
        if (auto written = writeWg(session, device.name, wgChange(nullptr, device)); !written) {
          return written;
        }
      }
      return setLink(session, device.name,
                     {device.mtu, device.up, device.master, nullptr, socketAlias(device.socketNetns)});
    });
  }

  base::Result<> update(const state::WgDevice& before, const state::WgDevice& after) {
    const WgChange change = wgChange(&before, after);
    const bool kernel = after.implementation == state::TunnelImplementation::kKernel;
    if (!kernel) {
      if (auto written = writeByProcess(after, change); !written) {
        return written;
      }
    }
    return inNetns(after.netns, [&](Session& session) -> base::Result<> {
      if (kernel) {
        if (auto written = writeWg(session, after.name, change); !written) {
          return written;
        }
      }
      return setLink(session, after.name, {after.mtu, after.up, after.master, nullptr, ""});
    });
  }

  base::Result<> remove(const state::WgDevice& device) {
    if (device.implementation == state::TunnelImplementation::kWireGuardGo) {
      auto keeper = environment_.keepers.find(lab_, deadline_);
      if (!keeper) {
        // No keeper, no process, no interface.
        return keeper.error().kind() == base::ErrorKind::kNotFound ? base::Result<>()
                                                                   : base::fail(std::move(keeper.error()));
      }
      return keeper->removeTunnel(device.netns, device.name, deadline_);
    }
    auto removed =
        inNetns(device.netns, [&](Session& session) { return deleteLink(session, device.name, "wireguard"); });
    return !removed && removed.error().kind() == base::ErrorKind::kNotFound ? base::Result<>() : removed;
  }

 private:
  template <class F>
  base::Result<> inNetns(const std::string& netns, F&& call) {
    auto socket = enterOwned(environment_, environment_.pins.path(lab_, netns), deadline_);
    if (!socket) {
      return base::fail(std::move(socket.error()));
    }
    Session session(lab_, netns, std::move(*socket), environment_.procSys, deadline_);
    return call(session);
  }

  base::Result<> createInKernel(const state::WgDevice& device) {
    auto target = openPin(environment_.pins.path(lab_, device.netns));
    if (!target) {
      return base::fail(std::move(target.error()));
    }
    return inNetns(device.socketNetns, [&](Session& session) { return createWgLink(session, device, *target); });
  }

  base::Result<> createByProcess(const state::WgDevice& device) {
    auto flags = environment_.wireGuardGo.tunFlags(deadline_);
    if (!flags) {
      return base::fail(std::move(flags.error()));
    }
    auto keeper = environment_.keepers.connect(lab_, deadline_);
    if (!keeper) {
      return base::fail(std::move(keeper.error()));
    }
    // One that was left half-made is of no use: its interface may be anywhere.
    if (auto removed = keeper->removeTunnel(device.netns, device.name, deadline_); !removed) {
      return removed;
    }
    if (auto put = keeper->putTunnel({device.netns, device.name, device.socketNetns, device.mtu, *flags}, deadline_);
        !put) {
      return put;
    }
    auto uapi = keeper->openTunnel(device.netns, device.name, deadline_);
    if (!uapi) {
      return base::fail(std::move(uapi.error()));
    }
    if (auto written = writeUapi(*uapi, wgChange(nullptr, device), deadline_); !written) {
      return base::fail(std::move(written.error()).context("configure " + device.name + " of " + device.netns));
    }
    return {};
  }

  base::Result<> writeByProcess(const state::WgDevice& device, const WgChange& change) {
    if (change.empty()) {
      return {};
    }
    auto keeper = environment_.keepers.find(lab_, deadline_);
    if (!keeper) {
      return base::fail(std::move(keeper.error()));
    }
    auto uapi = keeper->openTunnel(device.netns, device.name, deadline_);
    if (!uapi) {
      return base::fail(std::move(uapi.error()));
    }
    return writeUapi(*uapi, change, deadline_);
  }

  Environment& environment_;
  const std::string& lab_;
  base::Deadline deadline_;
};

}  // namespace

std::string socketAlias(const std::string& socketNetns) {
  return std::string(kAlias) + socketNetns;
}

std::string socketNetnsOf(const LinkInfo& link) {
  return link.alias.starts_with(kAlias) ? link.alias.substr(kAlias.size()) : "";
}

base::Result<> executeWg(Environment& environment, const std::string& lab, const plan::Step& step,
                         base::Deadline deadline) {
  WgJob job(environment, lab, deadline);
  switch (step.action) {
    case plan::Action::kCreate:
      return job.create(std::get<state::WgDevice>(*step.after));
    case plan::Action::kUpdate:
      return job.update(std::get<state::WgDevice>(*step.before), std::get<state::WgDevice>(*step.after));
    case plan::Action::kDelete:
      break;
  }
  return job.remove(std::get<state::WgDevice>(*step.before));
}

}  // namespace vpclab::kernel
