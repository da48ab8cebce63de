#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/execute.h"
#include "kernel/kind_times.h"
#include "kernel/neighbour_hints.h"
#include "kernel/observe.h"
#include "state/state.h"

namespace vpclab::kernel {

// What one observation sees of neighbours. Whom to ask for follows from what else is there, and so is known for sure
// only when all of that is read; whom the last observation has asked for (NeighbourHints) is asked for while a
// namespace is being read anyway.
class NeighbourTables {
 public:
  // Of nodes that are not read otherwise, the neighbours that are, by link.
  using Partly = std::map<std::string, std::map<std::string, std::set<net::IpAddr>>>;
  // Where an observation looks.
  struct Scope {
    const std::set<std::string>* nodes;  // null: everywhere
    const Partly& partly;
  };
  // Puts a table among what was seen, and returns it as it is owned there.
  using Keep = std::function<const state::ObjectPtr&(state::Neighbours)>;

  // All of them must outlive it.
  NeighbourTables(Environment& environment, const std::string& lab, base::Deadline deadline, KindTimes* times)
      : environment_(environment), lab_(lab), deadline_(deadline), times_(times) {}

  // First: the nodes of the scope.
  void expect(const std::vector<std::string>& nodes) { hints_ = environment_.neighbourHints.of(lab_, nodes); }
  // Reads those of a node that the last observation has asked for. The calling thread has entered it; others may read
  // other nodes meanwhile.
  base::Result<> read(NodeView& view, NetlinkSocket& socket);
  // Last: reads what is missing. `seen` holds all that was seen but the tables of `views`; those of nodes that are read
  // partly it has as they were, and those that are gone go from it.
  //
  // A small lab is asked, too: it may have been a large one when a daemon was killed, and an entry that is left hides
  // an address that has moved since. What a hand has added for addresses that nobody in the lab has is not looked at.
  base::Result<> complete(const Scope& scope, std::vector<NodeView>& views, state::State& seen,
                          const state::State* like, const Keep& keep);

 private:
  using TablesByLink = NeighbourHints::TablesByLink;

  base::Result<> readTables(NodeView& view, NetlinkSocket& socket, const TablesByLink& asked);
  base::Result<> readMissed(std::vector<NodeView>& views);
  base::Result<> readPartly(const Partly& partly, state::State& seen, const Keep& keep);
  base::Result<> readPart(const std::string& node, const TablesByLink& asked, std::vector<state::Neighbours>& out);
  TablesByLink askedOf(const std::string& node, const Partly::mapped_type& links, const state::State& seen);
  void replaceIn(state::State& seen, const state::Neighbours& asked, state::Neighbours now, const Keep& keep);
  void put(state::Neighbours table, const Keep& keep);

  Environment& environment_;
  const std::string& lab_;
  base::Deadline deadline_;
  KindTimes* times_;
  NeighbourHints::Tables hints_;   // whom the last observation has asked for
  NeighbourHints::Tables wanted_;  // whom to ask for
};

}  // namespace vpclab::kernel
