#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compile/compile.h"
#include "lab/lab.h"

// What should reach what, as the lab says it and not as the kernel has it: vxnets, VPCs and their route policies,
// border routers with their domains and static routes, SD-WANs, route tables of vxnets. EIPs have no part in it: it is
// about servers' own addresses.
namespace vpclab::compile {

enum class Expected : std::uint8_t {
  kReachable,  // a ping gets to the server, and its answer home
  kBlocked,    // one of the two does not
  // Whoever pings the server's address means another node by it: the ranges of tenants that never meet may be alike.
  kElsewhere,
};

// Thread safe once it is made.
class Reach {
 public:
  // Both must outlive it.
  Reach(const lab::Lab& lab, const Allocations& allocations);

  struct Host {
    const lab::Server* server;
    net::IpAddr address;
    std::size_t net;  // numbers the vxnets that have servers or routers
  };
  const std::vector<Host>& hosts() const { return hosts_; }  // by id

  // A ping from one of hosts() to another.
  Expected between(std::size_t from, std::size_t to) const;
  // Why: the policies, routes and objects that decide it, each with its place in the file.
  std::string why(std::size_t from, std::size_t to) const;

  // Another node that `from` means by the address of `to`.
  struct StandIn {
    std::string node;
    std::string text;  // "10.2.1.2 is server red-s (lab.yaml:30:3) for red-n"
  };
  // Ids; `from` is a server, a load balancer or a VPC, `to` one of the first two. Not set: it is `to` itself, or nobody
  // gets what is sent there.
  std::optional<StandIn> standIn(const std::string& from, const std::string& to) const;
  // Whom a node means by an address: who gets what it sends there; where it gets lost, who has the address among those
  // whom VPCs, domains and SD-WANs link with the node; if nobody has, then anyone. Empty: nobody.
  std::string holder(const std::string& from, net::IpAddr address) const;
  // The VPCs and border routers that lead there, in order.
  std::vector<std::string> way(const std::string& from, net::IpAddr address) const;

 private:
  // Who has an address in a vxnet.
  enum class Kind : std::uint8_t { kNobody, kServer, kBalancer, kVpc, kDomain };
  struct Owner {
    Kind kind = Kind::kNobody;
    std::size_t index = 0;
    bool operator==(const Owner&) const = default;
  };
  struct Hop {
    enum class Way : std::uint8_t { kOnLink, kVia, kTunnel } way = Way::kOnLink;
    std::size_t net = 0;   // where the next one is; of a tunnel: nothing
    net::IpAddr gateway;   // of kVia
    std::size_t from = 0;  // access points, of kTunnel
    std::size_t to = 0;
    std::string word;  // for people; empty: goes without saying
  };
  // Longest prefix first.
  class Table {
   public:
    void add(const net::Prefix& to, Hop hop);
    // Null: no way. A hop by `own` is none of those that an address may take by itself.
    const Hop* find(net::IpAddr target, net::IpAddr own) const;

   private:
    std::map<unsigned, std::unordered_map<std::uint32_t, Hop>, std::greater<>> byLength_;
  };
  struct Net {
    const lab::Vxnet* vxnet = nullptr;
    std::unordered_map<std::uint32_t, Owner> owners;
    Table table;  // of its servers
    Hop gateway;  // theirs where the table has nothing
  };
  struct Balancer {
    const lab::LoadBalancer* noun;
    net::IpAddr address;
    Table table;
  };
  struct Router {
    std::string deadEnd;  // "no route policy of vpc v (lab.yaml:3:3)"
    Table table;
  };
  struct AccessPoint {
    const lab::AccessPoint* point = nullptr;
    std::size_t domain = 0;
    std::vector<net::Prefix> ranges;                         // what it announces
    std::vector<std::pair<net::Prefix, std::size_t>> peers;  // whom it lets in and sends out by
  };
  // Where a packet ends, and what has led it there.
  struct End {
    Owner at;  // nobody: it gets lost
    std::string lost;
    std::vector<std::string> by;
    std::vector<Owner> through;
  };

  void addNets();
  void addHosts();
  void addVpcs();
  void addDomains();
  void addTunnels();
  void addTunnelsOf(const std::string& sdwan, std::vector<std::size_t> members);
  void addTenants();
  void addRoutes(const std::string& routeTable, const lab::Vxnet& vxnet, Table& table) const;
  Owner ownerOf(std::size_t net, net::IpAddr address) const;
  // Of a server, a load balancer or a VPC; nobody: it is none of these, or has no address.
  Owner senderOf(const std::string& id) const;
  const Table& tableOf(const Owner& owner) const;
  // Not set for a VPC, which has several.
  std::optional<net::IpAddr> addressOf(const Owner& owner) const;
  std::optional<std::size_t> tenantOf(const Owner& sender) const;
  // Of what a server, a load balancer or a VPC sends. `words`: whether the End says more than where.
  End walk(const Owner& from, net::IpAddr target, bool words) const;
  End walk(std::size_t from, std::size_t to, bool words) const {
    return walk({Kind::kServer, from}, hosts_[to].address, words);
  }
  std::string deadEndOf(const Owner& owner) const;
  std::string nameOf(const Owner& owner) const;
  std::string idOf(const Owner& owner) const;

  const lab::Lab& lab_;
  const Allocations& allocations_;
  std::vector<Host> hosts_;
  std::vector<Balancer> balancers_;           // by id
  std::map<std::string, std::size_t> netOf_;  // by vxnet id
  std::vector<Net> nets_;
  std::vector<std::size_t> tenants_;  // of each vxnet: alike where VPCs, domains and SD-WANs link two of them
  std::vector<const lab::Vpc*> vpcNouns_;
  std::vector<Router> vpcs_;
  struct DomainNoun {
    const lab::BorderRouter* router;
    const lab::Domain* domain;
  };
  std::vector<DomainNoun> domainNouns_;
  std::vector<Router> domains_;
  std::vector<AccessPoint> points_;
};

}  // namespace vpclab::compile
