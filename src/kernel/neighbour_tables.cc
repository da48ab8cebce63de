#include "kernel/neighbour_tables.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "kernel/links.h"
#include "kernel/namespaces.h"
#include "kernel/neighbours.h"
#include "kernel/threads.h"
#include "state/neighbours.h"

namespace vpclab::kernel {

namespace {

using Entries = std::vector<std::pair<net::IpAddr, net::Mac>>;

bool byAddress(const Entries::value_type& x, const Entries::value_type& y) {
  return x.first < y.first;
}

bool includes(const state::Neighbours& table, const state::Neighbours& more) {
  return std::includes(table.entries.begin(), table.entries.end(), more.entries.begin(), more.entries.end(), byAddress);
}

// Those entries of a table whose addresses the other one has not got.
Entries without(const state::Neighbours& table, const state::Neighbours& other) {
  Entries out;
  std::set_difference(table.entries.begin(), table.entries.end(), other.entries.begin(), other.entries.end(),
                      std::back_inserter(out), byAddress);
  return out;
}

// Those whose addresses it has.
Entries among(const state::Neighbours& table, const state::Neighbours& other) {
  Entries out;
  std::set_intersection(table.entries.begin(), table.entries.end(), other.entries.begin(), other.entries.end(),
                        std::back_inserter(out), byAddress);
  return out;
}

// Adds the addresses that are not in the table yet.
void merge(NeighbourHints::TablePtr& table, const state::Neighbours& more) {
  if (table && includes(*table, more)) {
    return;
  }
  state::Neighbours both{more.netns, more.link, {}};
  const auto before = table ? table->entries : Entries();
  std::set_union(before.begin(), before.end(), more.entries.begin(), more.entries.end(),
                 std::back_inserter(both.entries), byAddress);
  table = std::make_shared<const state::Neighbours>(std::move(both));
}

// Equal ones need not be there twice.
void share(NeighbourHints::TablePtr& table, const state::ObjectPtr& object) {
  if (const auto* other = std::get_if<state::Neighbours>(object.get()); other != nullptr && *other == *table) {
    table = {object, other};
  }
}

bool covers(const NeighbourHints::TablesByLink& hints, const NeighbourHints::TablesByLink& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto hint = hints.find(entry.first);
    return hint != hints.end() && includes(*hint->second, *entry.second);
  });
}

}  // namespace

base::Result<> NeighbourTables::read(NodeView& view, NetlinkSocket& socket) {
  const auto hint = hints_.find(view.node);
  return hint == hints_.end() ? base::Result<>() : readTables(view, socket, hint->second);
}

base::Result<> NeighbourTables::readTables(NodeView& view, NetlinkSocket& socket, const TablesByLink& asked) {
  const KindTimes::Scope scope(times_, state::Kind::kNeighbours, asked.size());
  view.neighbours.clear();
  for (const auto& [name, table] : asked) {
    const auto link = std::find_if(view.links.begin(), view.links.end(),
                                   [&name = name](const LinkInfo& info) { return info.name == name; });
    if (link != view.links.end()) {
      auto read = readNeighbours(socket, *table, link->index, deadline_);
      if (!read) {
        return base::fail(std::move(read.error()));
      }
      view.neighbours.push_back(std::move(*read));
    }
  }
  return {};
}

base::Result<> NeighbourTables::complete(const Scope& scope, std::vector<NodeView>& views, state::State& seen,
                                         const state::State* like, const Keep& keep) {
  const auto isLookedAt = [&scope](const std::string& netns) {
    return scope.nodes == nullptr || scope.nodes->contains(netns) || scope.partly.contains(netns);
  };
  for (auto& [table, place] : state::possibleNeighbours(seen, isLookedAt)) {
    auto& slot = wanted_[table.netns][table.link];
    slot = std::make_shared<const state::Neighbours>(std::move(table));
    if (const auto* known = like == nullptr ? nullptr : like->find(slot->key())) {
      share(slot, known->object);
    }
  }
  auto done = readMissed(views);
  for (NodeView& view : views) {
    for (state::Neighbours& table : view.neighbours) {
      if (!table.entries.empty()) {
        put(std::move(table), keep);
      }
    }
  }
  if (auto partly = readPartly(scope.partly, seen, keep); done && !partly) {
    done = std::move(partly);
  }
  if (scope.nodes == nullptr) {
    environment_.neighbourHints.replace(lab_, std::move(wanted_));
    return done;
  }
  for (const NodeView& view : views) {
    environment_.neighbourHints.replace(lab_, view.node, std::move(wanted_[view.node]));
  }
  for (const auto& [node, links] : scope.partly) {
    environment_.neighbourHints.replace(lab_, node, std::move(wanted_[node]));
  }
  return done;
}

// What is there is asked for until it is gone.
void NeighbourTables::put(state::Neighbours table, const Keep& keep) {
  auto& known = wanted_[table.netns][table.link];
  merge(known, table);
  share(known, keep(std::move(table)));
}

// Where the last observation has not asked for all, namespaces are entered once more.
base::Result<> NeighbourTables::readMissed(std::vector<NodeView>& views) {
  std::vector<NodeView*> missed;
  for (NodeView& view : views) {
    const auto asked = wanted_.find(view.node);
    if (asked != wanted_.end() && !covers(hints_[view.node], asked->second)) {
      missed.push_back(&view);
    }
  }
  std::vector<base::Result<>> results(missed.size());
  auto done = onThreads(missed.size(), [&](std::size_t i) {
    auto socket = [&] {
      const KindTimes::Scope scope(times_, state::Kind::kNetns, 1);
      return enterPinned(environment_.pins.path(lab_, missed[i]->node));
    }();
    TablesByLink asked = wanted_.at(missed[i]->node);
    for (const auto& [link, table] : hints_.at(missed[i]->node)) {
      merge(asked[link], *table);
    }
    results[i] = socket ? readTables(*missed[i], *socket, asked) : base::fail(std::move(socket.error()));
  });
  for (const auto& result : results) {
    if (done && !result && !isGone(result.error())) {
      done = result;
    }
  }
  return done;
}

// Those that are to be read, as far as a look at all would ask for them; and those that may be there and were not known
// to.
NeighbourTables::TablesByLink NeighbourTables::askedOf(const std::string& node, const Partly::mapped_type& links,
                                                       const state::State& seen) {
  TablesByLink out;
  const TablesByLink& hints = hints_[node];
  const TablesByLink& wanted = wanted_[node];
  for (const auto& [link, addresses] : links) {
    state::Neighbours touched{node, link, {}};
    for (const auto& address : addresses) {
      touched.entries.emplace_back(address, net::Mac());
    }
    NeighbourHints::TablePtr known = std::make_shared<const state::Neighbours>(state::Neighbours{node, link, {}});
    for (const auto* tables : {&hints, &wanted}) {
      if (const auto table = tables->find(link); table != tables->end()) {
        merge(known, *table->second);
      }
    }
    if (const auto* before = seen.get<state::Neighbours>(touched.key())) {
      merge(known, *before);
    }
    touched.entries = among(touched, *known);
    if (!touched.entries.empty()) {
      merge(out[link], touched);
    }
  }
  for (const auto& [link, table] : wanted) {
    const auto hint = hints.find(link);
    if (hint == hints.end()) {
      merge(out[link], *table);
    } else if (!includes(*hint->second, *table)) {
      merge(out[link], {node, link, without(*table, *hint->second)});
    }
  }
  return out;
}

base::Result<> NeighbourTables::readPartly(const Partly& partly, state::State& seen, const Keep& keep) {
  std::vector<std::string> nodes;
  std::vector<TablesByLink> asked;
  for (const auto& [node, links] : partly) {
    nodes.push_back(node);
    asked.push_back(askedOf(node, links, seen));
  }
  std::vector<std::vector<state::Neighbours>> read(nodes.size());
  std::vector<base::Result<>> results(nodes.size());
  auto done = onThreads(nodes.size(), [&](std::size_t i) {
    results[i] = asked[i].empty() ? base::Result<>() : readPart(nodes[i], asked[i], read[i]);
  });
  for (std::size_t i = 0; done && i < nodes.size(); ++i) {
    done = std::move(results[i]);
  }
  if (!done) {
    return done;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (state::Neighbours& table : read[i]) {
      const auto& addresses = *asked[i].at(table.link);
      replaceIn(seen, addresses, std::move(table), keep);
    }
    seen.eachIn<state::Neighbours>(nodes[i], [&](const state::Key&, const state::Neighbours& table) {
      if (!asked[i].contains(table.link)) {
        merge(wanted_[table.netns][table.link], table);
      }
    });
  }
  return {};
}

base::Result<> NeighbourTables::readPart(const std::string& node, const TablesByLink& asked,
                                         std::vector<state::Neighbours>& out) {
  auto socket = [&] {
    const KindTimes::Scope scope(times_, state::Kind::kNetns, 1);
    return enterOwned(environment_, environment_.pins.path(lab_, node), deadline_);
  }();
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  const KindTimes::Scope scope(times_, state::Kind::kNeighbours, asked.size());
  LinkTable links(*socket);
  for (const auto& [link, table] : asked) {
    const auto index = links.index(link, deadline_);
    auto read = index ? readNeighbours(*socket, *table, *index, deadline_) : base::fail(base::Error(index.error()));
    if (!read) {
      return base::fail(std::move(read.error()));
    }
    out.push_back(std::move(*read));
  }
  return {};
}

// `now` holds what is there of what was asked for.
void NeighbourTables::replaceIn(state::State& seen, const state::Neighbours& asked, state::Neighbours now,
                                const Keep& keep) {
  const state::Key key = now.key();
  if (const auto* before = seen.get<state::Neighbours>(key)) {
    Entries entries = without(*before, asked);
    entries.insert(entries.end(), now.entries.begin(), now.entries.end());
    std::sort(entries.begin(), entries.end());
    now.entries = std::move(entries);
  }
  if (now.entries.empty()) {
    seen.remove(key);
  } else {
    put(std::move(now), keep);
  }
}

}  // namespace vpclab::kernel
