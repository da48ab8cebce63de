#include "kernel/observe.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "kernel/namespaces.h"
#include "kernel/neighbour_tables.h"
#include "kernel/threads.h"
#include "kernel/tunnels.h"
#include "kernel/wg_uapi.h"

namespace vpclab::kernel {

namespace {

constexpr int kLoopback = 1;  // its ifindex in every namespace: LOOPBACK_IFINDEX

// How long the keeper may take to hear of the end of a process.
constexpr base::Milliseconds kEndTime{2'000};
constexpr base::Milliseconds kEndPause{2};

bool lives(keeper::RunState state) {
  return state == keeper::RunState::kRunning || state == keeper::RunState::kStarting;
}

class Observation {
 public:
  Observation(Environment& environment, const std::string& lab, base::Deadline deadline, KindTimes* times,
              std::optional<Again> again, const state::State* like, const std::function<bool()>& wanted)
      : environment_(environment),
        lab_(lab),
        deadline_(deadline),
        times_(times),
        again_(again.has_value()),
        like_(like),
        wanted_(wanted),
        neighbours_(environment, lab, deadline, times) {
    if (again) {
      out_ = std::move(again->before);
      namespaces_ = std::move(again->touched.namespaces);
      partly_ = std::move(again->touched.neighbours);
    }
  }

  base::Result<state::State> run() {
    if (again_) {
      forgetOld();
    }
    if (auto read = readNodes(); !read) {
      return base::fail(std::move(read.error()));
    }
    pairVeths();
    pairWithOthers();
    out_.add(std::exchange(read_, {}));
    if (auto read = completeNeighbours(); !read) {
      return partly_.empty() ? base::fail(std::move(read.error())) : lookAtAll();  // which says what is wrong
    }
    auto listing = [this] {
      const KindTimes::Scope scope(times_, state::Kind::kProcess);
      return environment_.keepers.list(lab_, deadline_);
    }();
    if (!listing) {
      return base::fail(std::move(listing.error()));
    }
    if (std::any_of(listing->tunnels.begin(), listing->tunnels.end(),
                    [this](const keeper::TunnelStatus& status) { return !isRead(status.tunnel.netns); })) {
      return lookAtAll();  // one that nobody knew of
    }
    for (keeper::ProcessStatus& status : listing->processes) {
      // One that nobody wants is not gone because it has ended: it would come back.
      status.process.outdated = status.outdated;
      status.process.ended = !lives(status.state);
      read_.push_back(maker_.make(std::move(status.process)));
    }
    if (auto joined = joinTunnels(listing->tunnels); !joined) {
      return base::fail(std::move(joined.error()));
    }
    out_.add(std::exchange(read_, {}));
    return std::move(out_);
  }

 private:
  bool isRead(const std::string& netns) const { return !again_ || namespaces_.contains(netns); }

  base::Result<state::State> lookAtAll() {
    return Observation(environment_, lab_, deadline_, times_, std::nullopt, like_, wanted_).run();
  }

  // Of what was there before only that stays which lies elsewhere. Tunnels are few, and a process may have taken one
  // away by its end, so they are always looked at.
  void forgetOld() {
    out_.each<state::WgDevice>([this](const state::Key&, const state::WgDevice& device) {
      namespaces_.insert({device.netns, device.socketNetns});
    });
    std::erase_if(partly_, [this](const auto& entry) { return isRead(entry.first); });
    std::vector<state::Key> old;
    out_.each<state::Process>([&](const state::Key& key, const state::Process&) { old.push_back(key); });
    out_.each<state::Veth>([&](const state::Key& key, const state::Veth& veth) {
      const bool aIsRead = isRead(veth.a.netns);
      const bool bIsRead = isRead(veth.b.netns);
      if (aIsRead != bIsRead) {
        half_.push_back(veth);
      }
      if (aIsRead || bIsRead) {
        old.push_back(key);
      }
    });
    for (int i = 0; i < state::kKindCount; ++i) {
      const auto kind = static_cast<state::Kind>(i);
      if (kind != state::Kind::kVeth && kind != state::Kind::kProcess) {
        addKeysIn(kind, old);
      }
    }
    out_.remove(old);
  }

  // Of the objects of one kind those that are in namespaces to be looked at, which are few among many most of the time.
  void addKeysIn(state::Kind kind, std::vector<state::Key>& keys) const {
    for (const auto& netns : namespaces_) {
      for (const state::Entry& entry : out_.in(netns, kind)) {
        keys.push_back(entry.key());
      }
    }
  }

  // Cables of which only one end was looked at. That it is still one end of the same cable is told by the other's
  // index, which follows from the other's name.
  void pairWithOthers() {
    std::map<std::pair<std::string, std::string>, std::pair<const NodeView*, const LinkInfo*>> ends;
    for (const NodeView& view : views_) {
      for (const LinkInfo& link : view.links) {
        if (!half_.empty() && link.kind == "veth") {
          ends.emplace(std::pair(view.node, link.name), std::pair(&view, &link));
        }
      }
    }
    for (const state::Veth& veth : half_) {
      const bool aIsRead = isRead(veth.a.netns);
      const state::VethEnd& near = aIsRead ? veth.a : veth.b;
      const state::VethEnd& far = aIsRead ? veth.b : veth.a;
      const auto end = ends.find({near.netns, near.name});
      if (end != ends.end() && isIndexOf(end->second.second->peer, lab_, far.netns, far.name)) {
        read_.push_back(maker_.make(state::makeVeth(vethEnd(*end->second.first, *end->second.second), far)));
      }
    }
  }

  // Whichever of them are there; to list a large lab's pins takes longer than to look at a few.
  base::Result<std::vector<Pin>> pinsOf(const std::set<std::string>& nodes) const {
    std::vector<Pin> out;
    for (const auto& node : nodes) {
      if (checkNodeName(node)) {
        out.push_back({lab_, node, environment_.pins.path(lab_, node)});
      }
    }
    return out;
  }

  base::Result<> readNodes() {
    auto pins = again_ ? pinsOf(namespaces_) : environment_.pins.list(lab_);
    if (!pins) {
      return base::fail(std::move(pins.error()));
    }
    std::vector<std::string> nodes;
    nodes.reserve(pins->size());
    for (const Pin& pin : *pins) {
      nodes.push_back(pin.node);
    }
    for (const auto& [node, links] : partly_) {
      nodes.push_back(node);
    }
    neighbours_.expect(nodes);
    std::vector<base::Result<NodeView>> results(pins->size());
    auto ran = onThreads(pins->size(), [&](std::size_t i) {
      results[i] = wanted_ && !wanted_() ? base::fail(base::ErrorKind::kCancelled, "nobody wants to know any more")
                                         : look((*pins)[i]);
      if (results[i]) {
        take(*results[i]);
      }
    });
    if (!ran) {
      return ran;
    }
    for (auto& result : results) {
      if (result) {
        views_.push_back(std::move(*result));
      } else if (!isGone(result.error())) {
        return base::fail(std::move(result.error()).context("observe lab " + lab_));
      }
    }
    return {};
  }
  // At once: the objects of all views beside those of the State would be twice of everything.
  void take(NodeView& view) {
    const std::lock_guard lock(readMutex_);
    for (state::Object& object : view.objects) {
      put(std::move(object));
    }
    std::vector<state::Object>().swap(view.objects);  // an assignment of {} would keep its memory
  }
  void put(state::Object object) {
    state::Entry entry = maker_.make(std::move(object));
    const state::Entry* known = like_ == nullptr ? nullptr : like_->find(entry.key());
    if (known != nullptr && isAsWanted(*known, entry)) {
      entry = *known;
      entry.origin = state::noOrigin();
    }
    read_.push_back(std::move(entry));
  }
  base::Result<NodeView> look(const Pin& pin) {
    auto socket = [&] {
      const KindTimes::Scope scope(times_, state::Kind::kNetns, 1);
      return enterPinned(pin.path);
    }();
    if (!socket) {
      return base::fail(std::move(socket.error()));
    }
    auto view = readNode(pin.node, *socket, deadline_, times_);
    // Whose it is stands in its links, which were read in any case.
    const auto loopback = view ? std::find_if(view->links.begin(), view->links.end(),
                                              [](const LinkInfo& link) { return link.index == kLoopback; })
                               : std::vector<LinkInfo>::iterator();
    auto owned = view && loopback != view->links.end() ? environment_.pins.checkMark(loopback->alias, pin.path)
                                                       : environment_.pins.checkOwner(*socket, pin.path, deadline_);
    if (!owned) {
      return base::fail(std::move(owned.error()));
    }
    if (auto read = view ? neighbours_.read(*view, *socket) : base::Result<>(); !read) {
      return base::fail(std::move(read.error()));
    }
    return view;
  }

  base::Result<> completeNeighbours() {
    const NeighbourTables::Scope scope{again_ ? &namespaces_ : nullptr, partly_};
    const auto keep = [this](state::Neighbours table) -> const state::ObjectPtr& {
      put(std::move(table));
      return read_.back().object;
    };
    return neighbours_.complete(scope, views_, out_, like_, keep);
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
          read_.push_back(maker_.make(state::makeVeth(vethEnd(*end.first, *end.second), vethEnd(*view, *link))));
        }
      }
    }
  }

  // An interface of wireguard-go and its process make one device. A process whose interface is not complete, or was
  // taken away, is one without a socket, so that it is made anew. So is one that has ended, or whose namespace is
  // another one by now: the keeper has it, perhaps with a process that lives on, until it is taken away.
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
      const auto it = links.find({status.tunnel.netns, status.tunnel.name});
      const bool complete = lives(status.state) && it != links.end();
      const auto read = complete ? readTunnel(status) : base::Result<std::optional<state::WgDevice>>(std::nullopt);
      if (!read) {
        return base::fail(read.error());
      }
      state::WgDevice device = read->value_or(state::WgDevice{status.tunnel.netns, status.tunnel.name});
      if (*read) {
        completeWg(device, *it->second.first, *it->second.second);
        // Where the process really is counts, whatever the alias says.
        device.socketNetns = status.tunnel.socketNetns;
      }
      device.implementation = state::TunnelImplementation::kWireGuardGo;
      read_.push_back(maker_.make(std::move(device)));
      takeAddressesOfStandIn(status.tunnel);
    }
    return {};
  }
  // Nobody wants one there: were it a peer's, nothing would reach that one any more.
  void takeAddressesOfStandIn(const keeper::Tunnel& tunnel) {
    for (NodeView& view : views_) {
      if (view.node != tunnel.socketNetns) {
        continue;
      }
      for (state::Address& address : view.onOtherTuns) {
        if (address.link == tunnel.name) {
          put(std::move(address));
        }
      }
    }
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
  KindTimes* times_;
  bool again_;
  const state::State* like_;
  const std::function<bool()>& wanted_;
  std::set<std::string> namespaces_;  // those that are looked at, again
  NeighbourTables::Partly partly_;
  std::vector<state::Veth> half_;  // with one end there
  NeighbourTables neighbours_;
  std::vector<NodeView> views_;
  std::mutex readMutex_;  // while threads read
  state::EntryMaker maker_;
  std::vector<state::Entry> read_;  // what is not part of `out_` yet, in the order of coming
  state::State out_;
};

}  // namespace

base::Result<state::State> observe(Environment& environment, const std::string& lab, base::Deadline deadline,
                                   KindTimes* times, std::optional<Again> again, const state::State* like,
                                   const std::function<bool()>& wanted) {
  if (auto valid = checkLabName(lab); !valid) {
    return base::fail(std::move(valid.error()));
  }
  return Observation(environment, lab, deadline, times, std::move(again), like, wanted).run();
}

}  // namespace vpclab::kernel
