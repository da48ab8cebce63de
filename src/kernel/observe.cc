#include "kernel/observe.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "kernel/namespaces.h"
#include "kernel/threads.h"
#include "kernel/tunnels.h"
#include "kernel/wg_uapi.h"

namespace vpclab::kernel {

namespace {

constexpr int kFirstIndexOfOurs = 1 << 16;  // see ifIndexFor

// How long the keeper may take to hear of the end of a process.
constexpr base::Milliseconds kEndTime{2'000};
constexpr base::Milliseconds kEndPause{2};

bool lives(keeper::RunState state) {
  return state == keeper::RunState::kRunning || state == keeper::RunState::kStarting;
}

class Observation {
 public:
  Observation(Environment& environment, const std::string& lab, base::Deadline deadline)
      : environment_(environment), lab_(lab), deadline_(deadline) {}

  base::Result<state::State> run() {
    if (auto read = readNodes(); !read) {
      return base::fail(std::move(read.error()));
    }
    for (NodeView& view : views_) {
      for (state::Object& object : view.objects) {
        out_.add(std::move(object));
      }
    }
    pairVeths();
    auto listing = environment_.keepers.list(lab_, deadline_);
    if (!listing) {
      return base::fail(std::move(listing.error()));
    }
    for (keeper::ProcessStatus& status : listing->processes) {
      if (lives(status.state)) {
        status.process.outdated = status.outdated;
        out_.add(std::move(status.process));
      }
    }
    if (auto joined = joinTunnels(listing->tunnels); !joined) {
      return base::fail(std::move(joined.error()));
    }
    return std::move(out_);
  }

 private:
  base::Result<> readNodes() {
    auto pins = environment_.pins.list(lab_);
    if (!pins) {
      return base::fail(std::move(pins.error()));
    }
    std::vector<base::Result<NodeView>> results(pins->size());
    auto ran = onThreads(pins->size(), [&](std::size_t i) {
      auto socket = enterOwned(environment_, (*pins)[i].path, deadline_);
      results[i] = socket ? readNode((*pins)[i].node, *socket, deadline_) : base::fail(std::move(socket.error()));
    });
    if (!ran) {
      return ran;
    }
    for (auto& result : results) {
      if (result) {
        views_.push_back(std::move(*result));
      } else if (result.error().kind() != base::ErrorKind::kInvalid &&
                 result.error().kind() != base::ErrorKind::kNotFound) {
        return base::fail(std::move(result.error()).context("observe lab " + lab_));
      }  // else a dead pin, or one that went away just now: no namespace
    }
    return {};
  }

  // Two ends belong together when each names the other's index. Only indexes that we chose: those of the kernel repeat
  // from namespace to namespace.
  void pairVeths() {
    std::multimap<int, std::pair<const NodeView*, const LinkInfo*>> byIndex;
    for (const NodeView& view : views_) {
      for (const LinkInfo& link : view.links) {
        if (link.kind == "veth" && link.index >= kFirstIndexOfOurs) {
          byIndex.emplace(link.index, std::pair(&view, &link));
        }
      }
    }
    for (const auto& [index, end] : byIndex) {
      const auto [first, last] = byIndex.equal_range(end.second->peer);
      for (auto it = first; it != last; ++it) {
        const auto& [view, link] = it->second;
        if (link->peer == index && link != end.second) {
          out_.add(state::makeVeth(vethEnd(*end.first, *end.second), vethEnd(*view, *link)));
        }
      }
    }
  }

  // An interface of wireguard-go and its process make one device. A process whose interface is not complete, or was
  // taken away, is one without a socket, so that it is made anew.
  base::Result<> joinTunnels(const std::vector<keeper::TunnelStatus>& tunnels) {
    std::map<std::pair<std::string, std::string>, std::pair<const NodeView*, const LinkInfo*>> links;
    for (const NodeView& view : views_) {
      for (const LinkInfo& link : view.links) {
        if (link.kind == "tun" && !socketNetnsOf(link).empty()) {
          links[{view.node, link.name}] = {&view, &link};
        }
      }
    }
    for (const keeper::TunnelStatus& status : tunnels) {
      if (!lives(status.state)) {
        continue;
      }
      const auto it = links.find({status.tunnel.netns, status.tunnel.name});
      state::WgDevice device;
      if (it != links.end()) {
        auto read = readTunnel(status);
        if (!read) {
          return base::fail(std::move(read.error()));
        }
        if (!*read) {
          continue;
        }
        device = std::move(**read);
        completeWg(device, *it->second.first, *it->second.second);
        // Where the process really is counts, whatever the alias says.
        device.socketNetns = status.tunnel.socketNetns;
      } else {
        device.netns = status.tunnel.netns;
        device.name = status.tunnel.name;
      }
      device.implementation = state::TunnelImplementation::kWireGuardGo;
      out_.add(std::move(device));
    }
    return {};
  }

  // Nothing where its process ends just now: it answers no more, and the keeper hears of it a moment later.
  base::Result<std::optional<state::WgDevice>> readTunnel(const keeper::TunnelStatus& status) {
    const auto patience = deadline_.earlier(base::Deadline::after(kEndTime));
    for (;;) {
      auto device = askTunnel(status.tunnel);
      if (device) {
        return std::optional(std::move(*device));
      }
      const auto listing = environment_.keepers.list(lab_, deadline_);
      if (!listing) {
        return base::fail(listing.error());
      }
      const bool same = std::any_of(listing->tunnels.begin(), listing->tunnels.end(), [&](const auto& now) {
        return now.tunnel == status.tunnel && now.pid == status.pid && lives(now.state);
      });
      if (!same) {
        return std::optional<state::WgDevice>();
      }
      if (patience.passed()) {
        return base::fail(std::move(device.error()));
      }
      std::this_thread::sleep_for(kEndPause);
    }
  }

  base::Result<state::WgDevice> askTunnel(const keeper::Tunnel& tunnel) {
    auto keeper = environment_.keepers.find(lab_, deadline_);
    if (!keeper) {
      return base::fail(std::move(keeper.error()));
    }
    auto socket = keeper->openTunnel(tunnel.netns, tunnel.name, deadline_);
    if (!socket) {
      return base::fail(std::move(socket.error()));
    }
    return readUapi(*socket, deadline_);
  }

  Environment& environment_;
  const std::string& lab_;
  base::Deadline deadline_;
  std::vector<NodeView> views_;
  state::State out_;
};

}  // namespace

base::Result<state::State> observe(Environment& environment, const std::string& lab, base::Deadline deadline) {
  if (auto valid = checkLabName(lab); !valid) {
    return base::fail(std::move(valid.error()));
  }
  return Observation(environment, lab, deadline).run();
}

}  // namespace vpclab::kernel
