#include <algorithm>
#include <numeric>

#include "compile/reach.h"

// The model as a check asks it: by ids, and by addresses that several nodes may have.
namespace vpclab::compile {

namespace {

// Things that are linked, directly or by others, have the same number.
class Parts {
 public:
  explicit Parts(std::size_t size) : parents_(size) { std::iota(parents_.begin(), parents_.end(), std::size_t{0}); }

  std::size_t of(std::size_t one) {
    while (parents_[one] != one) {
      one = parents_[one] = parents_[parents_[one]];
    }
    return one;
  }
  void link(std::size_t one, std::size_t other) { parents_[of(one)] = of(other); }

 private:
  std::vector<std::size_t> parents_;
};

}  // namespace

void Reach::addTenants() {
  Parts parts(nets_.size() + vpcs_.size() + domains_.size());
  const std::size_t firstVpc = nets_.size();
  const std::size_t firstDomain = firstVpc + vpcs_.size();
  for (std::size_t n = 0; n < nets_.size(); ++n) {
    if (const Owner vpc = senderOf(nets_[n].vxnet->vpc); vpc.kind == Kind::kVpc) {
      parts.link(n, firstVpc + vpc.index);
    }
  }
  for (std::size_t d = 0; d < domains_.size(); ++d) {
    for (const auto& join : domainNouns_[d].domain->joins) {
      parts.link(netOf_.at(join.vxnet), firstDomain + d);
    }
  }
  for (const AccessPoint& point : points_) {
    for (const auto& peer : point.peers) {
      parts.link(firstDomain + point.domain, firstDomain + points_[peer.second].domain);
    }
  }
  for (std::size_t n = 0; n < nets_.size(); ++n) {
    tenants_.push_back(parts.of(n));
  }
}

Reach::Owner Reach::senderOf(const std::string& id) const {
  const auto find = [&id](Kind kind, const auto& all, auto idOf) {
    const auto found = std::lower_bound(all.begin(), all.end(), id,
                                        [&](const auto& one, const std::string& wanted) { return idOf(one) < wanted; });
    return found == all.end() || idOf(*found) != id ? Owner{}
                                                    : Owner{kind, static_cast<std::size_t>(found - all.begin())};
  };
  Owner out = find(Kind::kServer, hosts_, [](const Host& host) -> const std::string& { return host.server->id; });
  if (out.kind == Kind::kNobody) {
    out = find(Kind::kBalancer, balancers_, [](const Balancer& one) -> const std::string& { return one.noun->id; });
  }
  if (out.kind == Kind::kNobody) {
    out = find(Kind::kVpc, vpcNouns_, [](const lab::Vpc* vpc) -> const std::string& { return vpc->id; });
  }
  return out;
}

std::string Reach::idOf(const Owner& owner) const {
  switch (owner.kind) {
    case Kind::kNobody:
      break;
    case Kind::kServer:
      return hosts_[owner.index].server->id;
    case Kind::kBalancer:
      return balancers_[owner.index].noun->id;
    case Kind::kVpc:
      return vpcNouns_[owner.index]->id;
    case Kind::kDomain:
      return domainNouns_[owner.index].router->id;
  }
  return "";
}

std::optional<std::size_t> Reach::tenantOf(const Owner& sender) const {
  if (sender.kind == Kind::kServer) {
    return tenants_[hosts_[sender.index].net];
  }
  for (std::size_t n = 0; n < nets_.size(); ++n) {
    const bool in = sender.kind == Kind::kBalancer ? nets_[n].vxnet->id == balancers_[sender.index].noun->vxnet
                                                   : nets_[n].vxnet->vpc == vpcNouns_[sender.index]->id;
    if (in) {
      return tenants_[n];
    }
  }
  return std::nullopt;
}

std::optional<Reach::StandIn> Reach::standIn(const std::string& from, const std::string& to) const {
  const Owner sender = senderOf(from);
  const Owner meant = senderOf(to);
  const auto address = addressOf(meant);
  if (sender.kind == Kind::kNobody || !address) {
    return std::nullopt;
  }
  const Owner there = walk(sender, *address, false).at;
  if (there.kind == Kind::kNobody || there == meant) {
    return std::nullopt;
  }
  return StandIn{idOf(there), address->toString() + " is " + nameOf(there) +
                                  (there == sender ? std::string(" itself") : " for " + from)};
}

std::string Reach::holder(const std::string& from, net::IpAddr address) const {
  const Owner sender = senderOf(from);
  if (sender.kind != Kind::kNobody) {
    if (const Owner there = walk(sender, address, false).at; there.kind != Kind::kNobody) {
      return idOf(there);
    }
  }
  const auto own = sender.kind == Kind::kNobody ? std::nullopt : tenantOf(sender);
  std::string out;
  for (std::size_t n = 0; n < nets_.size(); ++n) {
    const Owner owner = ownerOf(n, address);
    if (owner.kind != Kind::kNobody && (out.empty() || tenants_[n] == own)) {
      out = idOf(owner);
      if (tenants_[n] == own) {
        break;
      }
    }
  }
  return out;
}

std::vector<std::string> Reach::way(const std::string& from, net::IpAddr address) const {
  std::vector<std::string> out;
  if (const Owner sender = senderOf(from); sender.kind != Kind::kNobody) {
    for (const Owner& router : walk(sender, address, true).through) {
      out.push_back(idOf(router));
    }
  }
  return out;
}

}  // namespace vpclab::compile
