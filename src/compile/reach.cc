#include "compile/reach.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compile/nouns.h"
#include "lab/addressing.h"

namespace vpclab::compile {

namespace {

constexpr unsigned kMaxHops = 64;  // the kernel's TTL

std::string at(const std::string& noun, const base::SourcePos& pos) {
  const std::string place = pos.toString();
  return place.empty() ? noun : noun + " (" + place + ")";
}

std::string named(const std::string& kind, const std::string& name, const net::Prefix& to) {
  return kind + " " + (name.empty() ? to.toString() : name);
}

std::string domainName(const lab::BorderRouter& router, const lab::Domain& domain) {
  return router.domains.size() == 1 ? "border router " + router.id
                                    : "domain " + domain.id + " of border router " + router.id;
}

const base::SourcePos& placeOf(const lab::BorderRouter& router, const lab::Domain& domain) {
  return domain.pos.file.empty() ? router.pos : domain.pos;
}

}  // namespace

void Reach::Table::add(const net::Prefix& to, Hop hop) {
  byLength_[to.length()].emplace(to.network().address().v4HostOrder(), std::move(hop));
}

const Reach::Hop* Reach::Table::find(net::IpAddr target, net::IpAddr own) const {
  for (const auto& [length, hops] : byLength_) {
    const auto found = hops.find(net::Prefix(target, length).network().address().v4HostOrder());
    if (found != hops.end() && (found->second.way != Hop::Way::kVia || found->second.gateway != own)) {
      return &found->second;
    }
  }
  return nullptr;
}

Reach::Reach(const lab::Lab& lab, const Allocations& allocations) : lab_(lab), allocations_(allocations) {
  addNets();
  addHosts();
  addVpcs();
  addDomains();
  addTunnels();
  addTenants();
}

void Reach::addNets() {
  for (const auto& entry : lab_.vxnets) {
    const std::string& id = entry.first;
    const lab::Vxnet& vxnet = entry.second;
    const std::size_t index = nets_.size();
    netOf_.emplace(id, index);
    Net& net = nets_.emplace_back();
    net.vxnet = &vxnet;
    net.table.add(vxnet.cidr, {Hop::Way::kOnLink, index, {}, 0, 0, at("vxnet " + id, vxnet.pos)});
    addRoutes(vxnet.routeTable, vxnet, net.table);
    net.gateway = {Hop::Way::kVia, index, lab::gatewayOf(vxnet.cidr), 0, 0, ""};
  }
}

void Reach::addRoutes(const std::string& routeTable, const lab::Vxnet& vxnet, Table& to) const {
  const auto table = lab_.routeTables.find(routeTable);
  if (table == lab_.routeTables.end()) {
    return;
  }
  for (const auto& route : table->second.routes) {
    std::optional<net::IpAddr> gateway = route.viaAddress;
    if (const auto router = lab_.borderRouters.find(route.viaBorderRouter); router != lab_.borderRouters.end()) {
      const auto* join =
          joinOf(router->second, [&vxnet](const lab::Join& candidate) { return candidate.vxnet == vxnet.id; });
      gateway = join == nullptr ? std::nullopt : std::optional(join->address);
    }
    if (gateway && !route.disabled) {
      to.add(route.to, {Hop::Way::kVia, netOf_.at(vxnet.id), *gateway, 0, 0,
                        at(named("route", route.name, route.to) + " of route table " + table->first, route.pos)});
    }
  }
}

void Reach::addHosts() {
  const auto place = [this](const std::string& id, const std::string& vxnet, Owner owner) {
    const auto address = allocations_.addresses.find(id);
    const auto net = netOf_.find(vxnet);
    if (address == allocations_.addresses.end() || net == netOf_.end()) {
      return false;
    }
    nets_[net->second].owners[address->second.v4HostOrder()] = owner;
    return true;
  };
  for (const auto& [id, server] : lab_.servers) {
    if (place(id, server.vxnet, {Kind::kServer, hosts_.size()})) {
      hosts_.push_back({&server, allocations_.addresses.at(id), netOf_.at(server.vxnet)});
    }
  }
  for (const auto& [id, balancer] : lab_.loadBalancers) {
    if (place(id, balancer.vxnet, {Kind::kBalancer, balancers_.size()})) {
      const Net& net = nets_[netOf_.at(balancer.vxnet)];
      Balancer& added = balancers_.emplace_back(Balancer{&balancer, allocations_.addresses.at(id), {}});
      added.table.add(net.vxnet->cidr, {Hop::Way::kOnLink, netOf_.at(balancer.vxnet), {}, 0, 0, ""});
      addRoutes(balancer.routeTable, *net.vxnet, added.table);
    }
  }
}

void Reach::addVpcs() {
  for (const auto& entry : lab_.vpcs) {
    const std::string& id = entry.first;
    const lab::Vpc& vpc = entry.second;
    const Owner self{Kind::kVpc, vpcs_.size()};
    vpcNouns_.push_back(&vpc);
    Router& router = vpcs_.emplace_back();
    router.deadEnd = "no route policy of " + at("vpc " + id, vpc.pos);
    for (std::size_t n = 0; n < nets_.size(); ++n) {
      const lab::Vxnet& vxnet = *nets_[n].vxnet;
      if (vxnet.vpc == id) {
        nets_[n].owners[lab::gatewayOf(vxnet.cidr).v4HostOrder()] = self;
        router.table.add(vxnet.cidr, {Hop::Way::kOnLink, n, {}, 0, 0, at("vpc " + id, vpc.pos)});
      }
    }
    for (const auto& policy : vpc.routePolicies) {
      const auto border = lab_.borderRouters.find(policy.via);
      const auto* join =
          border == lab_.borderRouters.end() ? nullptr : joinOf(border->second, [&](const lab::Join& candidate) {
            return lab_.vxnets.at(candidate.vxnet).vpc == vpc.id;
          });
      if (join != nullptr) {
        router.table.add(policy.to, {Hop::Way::kVia, netOf_.at(join->vxnet), join->address, 0, 0,
                                     at(named("route policy", policy.name, policy.to) + " of vpc " + id, policy.pos)});
      }
    }
  }
}

void Reach::addDomains() {
  for (const auto& [id, border] : lab_.borderRouters) {
    for (const auto& domain : border.domains) {
      const Owner self{Kind::kDomain, domains_.size()};
      domainNouns_.push_back({&border, &domain});
      Router& router = domains_.emplace_back();
      router.deadEnd = "nothing known to " + at(domainName(border, domain), placeOf(border, domain));
      for (const auto& join : domain.joins) {
        const std::size_t n = netOf_.at(join.vxnet);
        nets_[n].owners[join.address.v4HostOrder()] = self;
        router.table.add(
            nets_[n].vxnet->cidr,
            {Hop::Way::kOnLink, n, {}, 0, 0, at("border router " + id + " in vxnet " + join.vxnet, join.pos)});
      }
      for (const auto& route : domain.routes) {
        for (const auto& join : domain.joins) {
          if (lab_.vxnets.at(join.vxnet).cidr.contains(route.via)) {
            router.table.add(route.to,
                             {Hop::Way::kVia, netOf_.at(join.vxnet), route.via, 0, 0,
                              at(named("route", route.name, route.to) + " of border router " + id, route.pos)});
            break;
          }
        }
      }
    }
  }
}

void Reach::addTunnels() {
  for (const auto& [id, sdwan] : lab_.sdwans) {
    std::vector<std::size_t> members;
    for (const auto& point : sdwan.accessPoints) {
      for (std::size_t d = 0; d < domains_.size(); ++d) {
        const auto& noun = domainNouns_[d];
        if (noun.router->id == point.borderRouter && noun.domain->id == point.domain) {
          members.push_back(points_.size());
          points_.push_back({&point, d, rangesOf(lab_, *noun.domain), {}});
        }
      }
    }
    addTunnelsOf(id, std::move(members));
  }
}

// Each access point sends what a peer announces to that peer, and takes from it only what comes from there: less what
// it has itself, and of two peers that announce the same the first.
void Reach::addTunnelsOf(const std::string& sdwan, std::vector<std::size_t> members) {
  std::sort(members.begin(), members.end(),
            [this](std::size_t x, std::size_t y) { return points_[x].point->id < points_[y].point->id; });
  for (const std::size_t own : members) {
    AccessPoint& self = points_[own];
    std::set<net::Prefix> taken(self.ranges.begin(), self.ranges.end());
    for (const std::size_t peer : members) {
      if (peer == own) {
        continue;
      }
      for (const auto& range : points_[peer].ranges) {
        if (taken.insert(range).second) {
          self.peers.emplace_back(range, peer);
          domains_[self.domain].table.add(
              range, {Hop::Way::kTunnel,
                      0,
                      {},
                      own,
                      peer,
                      at("access point " + self.point->id + " of sdwan " + sdwan, self.point->pos)});
        }
      }
    }
  }
}

Reach::Owner Reach::ownerOf(std::size_t net, net::IpAddr address) const {
  const auto& owners = nets_[net].owners;
  const auto found = owners.find(address.v4HostOrder());
  return found == owners.end() ? Owner{} : found->second;
}

std::string Reach::nameOf(const Owner& owner) const {
  switch (owner.kind) {
    case Kind::kNobody:
      break;
    case Kind::kServer:
      return at("server " + hosts_[owner.index].server->id, hosts_[owner.index].server->pos);
    case Kind::kBalancer:
      return at("load balancer " + balancers_[owner.index].noun->id, balancers_[owner.index].noun->pos);
    case Kind::kVpc:
      return at("vpc " + vpcNouns_[owner.index]->id, vpcNouns_[owner.index]->pos);
    case Kind::kDomain:
      return at("border router " + domainNouns_[owner.index].router->id, domainNouns_[owner.index].router->pos);
  }
  return "nobody";
}

const Reach::Table& Reach::tableOf(const Owner& owner) const {
  switch (owner.kind) {
    case Kind::kServer:
      return nets_[hosts_[owner.index].net].table;
    case Kind::kBalancer:
      return balancers_[owner.index].table;
    case Kind::kVpc:
      return vpcs_[owner.index].table;
    case Kind::kNobody:
    case Kind::kDomain:
      break;
  }
  return domains_[owner.index].table;
}

std::optional<net::IpAddr> Reach::addressOf(const Owner& owner) const {
  return owner.kind == Kind::kServer     ? std::optional(hosts_[owner.index].address)
         : owner.kind == Kind::kBalancer ? std::optional(balancers_[owner.index].address)
                                         : std::nullopt;
}

std::string Reach::deadEndOf(const Owner& owner) const {
  return owner.kind == Kind::kBalancer ? "no route of " + nameOf(owner)
                                       : (owner.kind == Kind::kVpc ? vpcs_ : domains_)[owner.index].deadEnd;
}

Reach::End Reach::walk(const Owner& from, net::IpAddr target, bool words) const {
  std::optional<net::IpAddr> source = addressOf(from);
  End out;
  Owner here = from;
  if (source == target) {
    out.at = here;
    return out;
  }
  for (unsigned hops = 0; hops < kMaxHops; ++hops) {
    const bool host = here.kind == Kind::kServer || here.kind == Kind::kBalancer;
    const Hop* hop = tableOf(here).find(target, host ? *source : net::IpAddr());
    if (hop == nullptr && here.kind == Kind::kServer) {
      hop = &nets_[hosts_[from.index].net].gateway;
    }
    if (hop == nullptr) {
      if (words) {
        out.lost = deadEndOf(here) + " leads to " + target.toString();
      }
      return out;
    }
    if (!source) {  // a VPC's router sends by its address in the vxnet that leads there
      source = lab::gatewayOf(nets_[hop->net].vxnet->cidr);
    }
    if (words && !hop->word.empty()) {
      out.by.push_back(hop->word);
    }
    if (hop->way == Hop::Way::kTunnel) {
      const AccessPoint& receiver = points_[hop->to];
      const std::pair<net::Prefix, std::size_t>* best = nullptr;
      for (const auto& peer : receiver.peers) {
        if (peer.first.contains(*source) && (best == nullptr || peer.first.length() > best->first.length())) {
          best = &peer;
        }
      }
      if (best == nullptr || best->second != hop->from) {
        if (words) {
          out.lost = at("access point " + receiver.point->id, receiver.point->pos) + " takes nothing that comes from " +
                     source->toString() + " by access point " + points_[hop->from].point->id;
        }
        return out;
      }
      here = {Kind::kDomain, receiver.domain};
      if (words) {
        out.through.push_back(here);
      }
      continue;
    }
    const net::IpAddr next = hop->way == Hop::Way::kVia ? hop->gateway : target;
    const Owner owner = ownerOf(hop->net, next);
    if (owner.kind == Kind::kNobody) {
      if (words) {
        out.lost = "nothing in " + at("vxnet " + nets_[hop->net].vxnet->id, nets_[hop->net].vxnet->pos) +
                   " has the address " + next.toString();
      }
      return out;
    }
    if (next == target) {
      out.at = owner;
      return out;
    }
    if (owner.kind == Kind::kServer || owner.kind == Kind::kBalancer) {
      if (words) {
        out.lost = "the next hop " + next.toString() + " is " + nameOf(owner) + ", which forwards nothing";
      }
      return out;
    }
    here = owner;
    if (words) {
      out.through.push_back(here);
    }
  }
  out.lost = words ? "it goes in a circle" : "";
  return out;
}

Expected Reach::between(std::size_t from, std::size_t to) const {
  const Owner there = walk(from, to, false).at;
  if (there.kind == Kind::kNobody) {
    return Expected::kBlocked;
  }
  if (there != Owner{Kind::kServer, to}) {
    return Expected::kElsewhere;
  }
  return walk(to, from, false).at == Owner{Kind::kServer, from} ? Expected::kReachable : Expected::kBlocked;
}

std::string Reach::why(std::size_t from, std::size_t to) const {
  const End there = walk(from, to, true);
  const Owner target{Kind::kServer, to};
  const std::string way = there.by.empty() ? "" : "by " + base::join(there.by, ", ");
  if (there.at.kind == Kind::kNobody) {
    return there.lost + (way.empty() ? "" : "; it comes there " + way);
  }
  if (there.at != target) {
    return hosts_[to].address.toString() + " is " + nameOf(there.at) + " for server " + hosts_[from].server->id;
  }
  const End back = walk(to, from, true);
  if (back.at == Owner{Kind::kServer, from}) {
    return there.by == back.by ? way + ", both ways" : way + "; back by " + base::join(back.by, ", ");
  }
  const std::string lost =
      back.at.kind == Kind::kNobody ? back.lost : hosts_[from].address.toString() + " is " + nameOf(back.at) + " there";
  return "the answer gets lost: " + lost + "; the way there is " + way;
}

}  // namespace vpclab::compile
