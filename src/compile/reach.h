#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
  };

  void addNets();
  void addHosts();
  void addVpcs();
  void addDomains();
  void addTunnels();
  void addTunnelsOf(const std::string& sdwan, std::vector<std::size_t> members);
  Owner ownerOf(std::size_t net, net::IpAddr address) const;
  // `words`: whether the End says more than where.
  End walk(std::size_t from, std::size_t to, bool words) const;
  std::string nameOf(const Owner& owner) const;

  const lab::Lab& lab_;
  const Allocations& allocations_;
  std::vector<Host> hosts_;
  std::vector<std::pair<std::string, net::IpAddr>> balancers_;  // id and address
  std::map<std::string, std::size_t> netOf_;                    // by vxnet id
  std::vector<Net> nets_;
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
