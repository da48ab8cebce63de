#include "compile/recompile.h"

#include <set>
#include <utility>
#include <vector>

#include "compile/nouns.h"
#include "state/neighbours.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// With more of them there is little to be gained.
constexpr std::size_t kMostChanged = 64;

std::optional<net::IpAddr> addressIn(const Allocations& allocations, const std::string& id) {
  const auto found = allocations.addresses.find(id);
  return found == allocations.addresses.end() ? std::nullopt : std::optional(found->second);
}

// Whether all is alike that is compiled, but for servers, addresses and places in the file.
bool isSameButServers(const Former& former, const lab::Lab& lab, const Allocations& allocations) {
  const lab::Lab& before = former.lab;
  return before.name == lab.name && before.pos == lab.pos && before.regions == lab.regions && before.vpcs == lab.vpcs &&
         before.vxnets == lab.vxnets && before.borderRouters == lab.borderRouters && before.sdwans == lab.sdwans &&
         before.eips == lab.eips && before.loadBalancers == lab.loadBalancers &&
         before.routeTables == lab.routeTables && internetAskedAt(before) == internetAskedAt(lab) &&
         former.allocations.privateKeys == allocations.privateKeys &&
         former.allocations.wanAddresses == allocations.wanAddresses &&
         former.allocations.domainNumbers == allocations.domainNumbers &&
         former.allocations.eipNumbers == allocations.eipNumbers;
}

// Whether what has changed of a server matters to its own namespace and cable alone, and to its neighbours.
bool isItsOwn(const lab::Lab& lab, const lab::Server& before, const lab::Server& now, bool moved) {
  const bool hasLoss = before.line.lossPerMillion != 0 || now.line.lossPerMillion != 0;  // a table for a whole switch
  return before.vxnet == now.vxnet && before.http == now.http && before.run.empty() == now.run.empty() &&
         before.eip.empty() && now.eip.empty() && lab.vxnets.at(now.vxnet).routeTable.empty() &&
         (before.line == now.line || !hasLoss) &&
         (!moved || lab.loadBalancers.empty());  // whose backends have addresses
}

// The servers to compile; nothing: all of the lab.
std::optional<std::set<std::string>> changedServers(const Former& former, const lab::Lab& lab,
                                                    const Allocations& allocations) {
  std::set<std::string> out;
  const auto& servers = former.lab.servers;
  if (servers.size() != lab.servers.size()) {
    return std::nullopt;
  }
  for (auto [was, is] = std::pair(servers.begin(), lab.servers.begin()); is != lab.servers.end(); ++was, ++is) {
    const auto& [id, server] = *is;
    if (was->first != id) {
      return std::nullopt;
    }
    const bool moved = addressIn(former.allocations, id) != addressIn(allocations, id);
    if (moved || !(was->second == server)) {
      if (out.size() == kMostChanged || !isItsOwn(lab, was->second, server, moved)) {
        return std::nullopt;
      }
      out.insert(id);
    }
  }
  for (const auto& [id, balancer] : lab.loadBalancers) {
    if (addressIn(former.allocations, id) != addressIn(allocations, id)) {
      return std::nullopt;
    }
  }
  return former.lab.places.areEqualBut(lab.places, out) ? std::optional(std::move(out)) : std::nullopt;
}

Builder::Pieces piecesOf(const std::set<std::string>& servers, const lab::Lab& lab,
                         const state::Capabilities& capabilities, const Allocations& allocations) {
  Builder builder(lab, capabilities, allocations);
  for (const auto& id : servers) {
    compileServer(builder, lab.servers.at(id));
  }
  return builder.pieces();
}

// Tables that are as before stay the same objects.
void renewNeighbours(State& desired) {
  std::vector<Entry> renewed;
  std::set<Key> gone;
  for (const Entry& entry : desired.of(Kind::kNeighbours)) {
    gone.insert(gone.end(), entry.key());
  }
  EntryMaker maker;
  for (auto& [table, place] : permanentNeighbours(desired)) {
    const Key key = table.key();
    gone.erase(key);
    const auto* before = desired.get<Neighbours>(key);
    if (before == nullptr || *before != table) {
      renewed.push_back(maker.make(std::move(table), desired.find(place)->origin));
    }
  }
  desired.remove(std::vector<Key>(gone.begin(), gone.end()));
  desired.add(std::move(renewed));
}

}  // namespace

std::optional<Compiled> recompile(const Former& former, const lab::Lab& lab, const state::Capabilities& capabilities,
                                  const Allocations& allocations) {
  if (!former.compiled.diagnostics.empty() || !isSameButServers(former, lab, allocations)) {
    return std::nullopt;
  }
  const auto changed = changedServers(former, lab, allocations);
  if (!changed) {
    return std::nullopt;
  }
  const auto before = piecesOf(*changed, former.lab, capabilities, former.allocations);
  auto now = piecesOf(*changed, lab, capabilities, allocations);
  if (!now.diagnostics.empty()) {
    return std::nullopt;
  }
  Compiled out = former.compiled;
  if (changed->empty()) {
    return out;
  }
  std::vector<Key> old;
  for (const Entry& entry : before.entries) {
    old.push_back(entry.key());
  }
  out.desired.remove(old);
  out.desired.add(std::move(now.entries));
  renewNeighbours(out.desired);
  for (auto& [id, node] : now.nodes) {
    out.nodes.at(id) = std::move(node);
  }
  return out;
}

}  // namespace vpclab::compile
