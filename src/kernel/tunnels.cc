#include "kernel/tunnels.h"

#include <array>
#include <cstdio>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/text.h"
#include "kernel/link_requests.h"
#include "kernel/namespaces.h"
#include "kernel/threads.h"
#include "kernel/wg_netlink.h"
#include "kernel/wg_uapi.h"

namespace vpclab::kernel {

namespace {

constexpr std::string_view kTunnelPrefix = "vt-";
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
      return keeper->removeTunnel(tunnelNameOf(device), deadline_);
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

  // Born where its socket stays, configured, moved with its final name in one request.
  base::Result<> createByProcess(const state::WgDevice& device) {
    auto target = openPin(environment_.pins.path(lab_, device.netns));
    if (!target) {
      return base::fail(std::move(target.error()));
    }
    auto keeper = environment_.keepers.connect(lab_, deadline_);
    if (!keeper) {
      return base::fail(std::move(keeper.error()));
    }
    const std::string born = tunnelName(device.netns, device.name);
    // One that was left half-made is of no use: its interface may be anywhere.
    if (auto removed = keeper->removeTunnel(born, deadline_); !removed) {
      return removed;
    }
    if (auto put = keeper->putTunnel({born, device.socketNetns, device.mtu}, deadline_); !put) {
      return put;
    }
    auto uapi = keeper->openTunnel(born, deadline_);
    if (!uapi) {
      return base::fail(std::move(uapi.error()));
    }
    if (auto written = writeUapi(*uapi, wgChange(nullptr, device), deadline_); !written) {
      return base::fail(std::move(written.error()).context("configure " + device.name + " of " + device.netns));
    }
    return inNetns(device.socketNetns, [&](Session& session) -> base::Result<> {
      auto index = session.links.index(born, deadline_);
      if (!index) {
        return base::fail(std::move(index.error()).context("interface of wireguard-go in " + device.socketNetns));
      }
      ifinfomsg header{};
      header.ifi_index = *index;
      Message message("move " + born + " from " + device.socketNetns + " to " + device.netns + " as " + device.name,
                      RTM_NEWLINK, 0, header);
      message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(target->get())).text(IFLA_IFNAME, device.name);
      return session.route.request(message, deadline_);
    });
  }

  base::Result<> writeByProcess(const state::WgDevice& device, const WgChange& change) {
    if (change.empty()) {
      return {};
    }
    auto keeper = environment_.keepers.find(lab_, deadline_);
    if (!keeper) {
      return base::fail(std::move(keeper.error()));
    }
    auto uapi = keeper->openTunnel(tunnelNameOf(device), deadline_);
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

std::string tunnelName(const std::string& netns, const std::string& name) {
  std::array<char, 17> hash{};
  std::snprintf(hash.data(), hash.size(), "%016llx",
                static_cast<unsigned long long>(base::stableHash(netns + "/" + name)));
  return std::string(kTunnelPrefix) + std::string(hash.data(), 12);
}

std::string tunnelNameOf(const state::WgDevice& device) {
  return device.name.starts_with(kTunnelPrefix) ? device.name : tunnelName(device.netns, device.name);
}

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
