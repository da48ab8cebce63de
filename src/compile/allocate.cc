#include <algorithm>
#include <set>
#include <tuple>

#include "compile/compile.h"
#include "lab/addressing.h"

namespace vpclab::compile {

namespace {

constexpr std::uint64_t kFirstHost = 2;          // .1 is the VPC's router
constexpr std::uint32_t kWanBase = 0x64400000U;  // 100.64.0.0/10, RFC 6598
constexpr std::uint32_t kWanCount = 1U << 14U;   // networks of /24 in it
constexpr std::uint32_t kWanMembers = 254;

class Allocator {
 public:
  Allocator(const lab::Lab& lab, const Allocations& previous, const std::function<net::WgKey()>& newKey)
      : lab_(lab), previous_(previous), newKey_(newKey) {}

  base::Diagnostics run(Allocations& out) {
    findMembers();
    for (const auto& [id, vxnet] : lab_.vxnets) {
      allocateVxnet(vxnet);
    }
    allocateWans();
    allocateDomains();
    std::vector<std::string> eips;
    for (const auto& [id, eip] : lab_.eips) {
      eips.push_back(id);
    }
    allocateNumbers(eips, previous_.eipNumbers, out_.eipNumbers);
    out = std::move(out_);
    return std::move(diagnostics_);
  }

 private:
  struct Member {
    std::string id;
    std::optional<net::IpAddr> fixed;
    base::SourcePos pos;
  };

  void error(const base::SourcePos& pos, std::string message, std::string hint) {
    diagnostics_.push_back({base::Severity::kError, pos, std::move(message), std::move(hint)});
  }

  // Servers and load balancers of each vxnet, by id.
  void findMembers() {
    for (const auto& [id, server] : lab_.servers) {
      members_[server.vxnet].push_back({id, server.address, server.pos});
    }
    for (const auto& [id, balancer] : lab_.loadBalancers) {
      members_[balancer.vxnet].push_back({id, balancer.address, balancer.pos});
    }
    for (auto& [vxnet, members] : members_) {
      std::sort(members.begin(), members.end(), [](const Member& x, const Member& y) { return x.id < y.id; });
    }
  }

  // Addresses that no member gets: network, broadcast, .1, those of border routers, and that of one that may come.
  std::set<net::IpAddr> reservedIn(const lab::Vxnet& vxnet) const {
    std::set<net::IpAddr> taken = {vxnet.cidr.first(), vxnet.cidr.last(), lab::gatewayOf(vxnet.cidr),
                                   lab::borderAddressOf(vxnet.cidr)};
    for (const auto& [id, router] : lab_.borderRouters) {
      for (const auto& domain : router.domains) {
        for (const auto& join : domain.joins) {
          if (join.vxnet == vxnet.id) {
            taken.insert(join.address);
          }
        }
      }
    }
    return taken;
  }

  void allocateVxnet(const lab::Vxnet& vxnet) {
    const std::vector<Member>& members = members_[vxnet.id];
    std::set<net::IpAddr> taken = reservedIn(vxnet);
    std::vector<const Member*> waiting;
    for (const auto& member : members) {
      if (member.fixed) {
        out_.addresses[member.id] = *member.fixed;
        taken.insert(*member.fixed);
      }
    }
    for (const auto& member : members) {
      const auto before = previous_.addresses.find(member.id);
      if (member.fixed) {
        continue;
      }
      if (before != previous_.addresses.end() && vxnet.cidr.contains(before->second) &&
          taken.insert(before->second).second) {
        out_.addresses[member.id] = before->second;
      } else {
        waiting.push_back(&member);
      }
    }
    std::uint64_t host = kFirstHost;
    for (const Member* member : waiting) {
      auto address = vxnet.cidr.at(host);
      while (address && !taken.insert(*address).second) {
        address = vxnet.cidr.at(++host);
      }
      if (!address) {
        error(member->pos,
              "vxnet " + vxnet.id + " (" + vxnet.cidr.toString() + ") has no free address for " + member->id,
              "give it a larger range");
        continue;
      }
      out_.addresses[member->id] = *address;
    }
  }

  static std::optional<std::uint32_t> wanNumber(net::IpAddr address) {
    const std::uint32_t offset = address.isV4() ? address.v4HostOrder() - kWanBase : UINT32_MAX;
    return offset >> 8U < kWanCount ? std::optional(offset >> 8U) : std::nullopt;
  }

  // What of its members' earlier addresses a WAN may go on with.
  struct EarlierNetwork {
    std::size_t members = 0;  // of the WAN, that were in it
    std::size_t choices = 0;  // of the WAN: how many networks its members were in
    std::string wan;
    std::uint32_t number = 0;
  };

  // A network goes to the WAN that has most of those who were in it, so that one access point that moves to another
  // WAN takes along no network that others stay in. Of WANs with as many it is the one that can have no other.
  std::map<std::string, std::uint32_t> earlierNetworks() const {
    std::vector<EarlierNetwork> earlier;
    for (const auto& [id, sdwan] : lab_.sdwans) {
      std::map<std::uint32_t, std::size_t> members;
      for (const auto& point : sdwan.accessPoints) {
        const auto before = previous_.wanAddresses.find(point.id);
        if (const auto number = before == previous_.wanAddresses.end() ? std::nullopt : wanNumber(before->second)) {
          ++members[*number];
        }
      }
      for (const auto& [number, count] : members) {
        earlier.push_back({count, members.size(), id, number});
      }
    }
    std::sort(earlier.begin(), earlier.end(), [](const EarlierNetwork& x, const EarlierNetwork& y) {
      return std::tie(y.members, x.choices, x.wan, x.number) < std::tie(x.members, y.choices, y.wan, y.number);
    });
    std::set<std::uint32_t> taken;
    std::map<std::string, std::uint32_t> out;
    for (const EarlierNetwork& one : earlier) {
      if (out.count(one.wan) == 0 && taken.insert(one.number).second) {
        out[one.wan] = one.number;
      }
    }
    return out;
  }

  // The networks of the WANs, then the addresses in them.
  void allocateWans() {
    std::map<std::string, std::uint32_t> networks = earlierNetworks();
    std::set<std::uint32_t> taken;
    for (const auto& [id, number] : networks) {
      taken.insert(number);
    }
    std::uint32_t next = 0;
    for (const auto& [id, sdwan] : lab_.sdwans) {
      if (networks.count(id) == 0) {
        while (next < kWanCount && !taken.insert(next).second) {
          ++next;
        }
        if (next >= kWanCount) {
          error(sdwan.pos, "no network is left for the WAN " + id,
                "a lab takes " + std::to_string(kWanCount) + " of them");
          continue;
        }
        networks[id] = next;
      }
      allocateWan(sdwan, networks[id]);
    }
  }

  void allocateWan(const lab::Sdwan& sdwan, std::uint32_t network) {
    std::vector<const lab::AccessPoint*> points;
    for (const auto& point : sdwan.accessPoints) {
      points.push_back(&point);
    }
    std::sort(points.begin(), points.end(), [](const auto* x, const auto* y) { return x->id < y->id; });
    std::set<net::IpAddr> taken;
    std::vector<const lab::AccessPoint*> waiting;
    for (const auto* point : points) {
      const auto key = previous_.privateKeys.find(point->id);
      out_.privateKeys[point->id] = key == previous_.privateKeys.end() ? net::clampPrivateKey(newKey_()) : key->second;
      const auto before = previous_.wanAddresses.find(point->id);
      if (before != previous_.wanAddresses.end() && wanNumber(before->second) == network &&
          taken.insert(before->second).second) {
        out_.wanAddresses[point->id] = before->second;
      } else {
        waiting.push_back(point);
      }
    }
    std::uint32_t host = 1;
    for (const auto* point : waiting) {
      while (host <= kWanMembers && !taken.insert(wanAddress(network, host)).second) {
        ++host;
      }
      if (host > kWanMembers) {
        error(point->pos, "the WAN " + sdwan.id + " is full",
              "a WAN takes " + std::to_string(kWanMembers) + " access points");
        return;
      }
      out_.wanAddresses[point->id] = wanAddress(network, host);
    }
  }
  static net::IpAddr wanAddress(std::uint32_t network, std::uint32_t host) {
    return net::IpAddr::v4(kWanBase + (network << 8U) + host);
  }

  void allocateDomains() {
    for (const auto& [id, router] : lab_.borderRouters) {
      std::vector<std::string> names;
      for (const auto& domain : router.domains) {
        names.push_back(id + "/" + domain.id);
      }
      std::sort(names.begin(), names.end());
      std::map<std::string, std::uint32_t> numbers;
      allocateNumbers(names, previous_.domainNumbers, numbers);
      out_.domainNumbers.merge(numbers);
    }
  }

  // Each name keeps its number; a new one gets the smallest that is free, from 1.
  static void allocateNumbers(const std::vector<std::string>& names, const std::map<std::string, std::uint32_t>& before,
                              std::map<std::string, std::uint32_t>& out) {
    std::set<std::uint32_t> taken;
    for (const auto& name : names) {
      const auto it = before.find(name);
      if (it != before.end() && it->second != 0 && taken.insert(it->second).second) {
        out[name] = it->second;
      }
    }
    std::uint32_t next = 1;
    for (const auto& name : names) {
      if (out.count(name) == 0) {
        while (!taken.insert(next).second) {
          ++next;
        }
        out[name] = next;
      }
    }
  }

  const lab::Lab& lab_;
  const Allocations& previous_;
  const std::function<net::WgKey()>& newKey_;
  std::map<std::string, std::vector<Member>> members_;  // by vxnet
  Allocations out_;
  base::Diagnostics diagnostics_;
};

}  // namespace

base::Diagnostics allocate(const lab::Lab& lab, const Allocations& previous, const std::function<net::WgKey()>& newKey,
                           Allocations& out) {
  return Allocator(lab, previous, newKey).run(out);
}

}  // namespace vpclab::compile
