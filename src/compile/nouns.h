#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compile/builder.h"

// The compilers, one per cloud noun, in files of the same names; and what they ask each other.
//
// Namespaces: a server, VPC, border router, access point and load balancer has one by its id; `switch.<region>` holds
// the bridges of a region's vxnets, `wan.<sdwan>` that of a WAN; `internet` is what lies outside.
namespace vpclab::compile {

void compileSwitches(Builder& builder);
void compileVpc(Builder& builder, const lab::Vpc& vpc);
void compileServer(Builder& builder, const lab::Server& server);
void compileBorderRouter(Builder& builder, const lab::BorderRouter& router);
void compileSdwan(Builder& builder, const lab::Sdwan& sdwan);
void compileInternet(Builder& builder);
// What asks for it: an EIP, or a check; not set: nothing does.
std::optional<base::SourcePos> internetAskedAt(const lab::Lab& lab);
void compileLoadBalancer(Builder& builder, const lab::LoadBalancer& balancer);

// ---- vxnet.cc
std::string switchOf(const lab::Lab& lab, const lab::Vxnet& vxnet);  // namespace of its bridge
std::string regionOf(const lab::Lab& lab, const lab::Vxnet& vxnet);
// Plugs a node into a vxnet. Returns the node's interface name. `leg` says all but attachedTo.
std::string plug(Builder& builder, const lab::Vxnet& vxnet, Leg leg, const state::Origin& origin,
                 const lab::Impairment& line = {});

// ---- route_table.cc: the routes of a table in one server or load balancer, which sits in `vxnet` by `device`. Returns
// whether a default route is among them.
bool compileRouteTable(Builder& builder, const std::string& table, const std::string& netns, const std::string& device,
                       const lab::Vxnet& vxnet);

// ---- border_router.cc
// The join of the router in a vxnet for which `accept` holds, of the smallest vxnet id; null: none.
const lab::Join* joinOf(const lab::BorderRouter& router, const std::function<bool(const lab::Join&)>& accept);
const lab::Domain* domainOf(const lab::BorderRouter& router, const std::string& id);

// ---- domain.cc: a routing domain of a border router, on either kind of kernel.
struct DomainPlace {
  std::uint32_t number = 0;  // 1.. within the router
  std::uint32_t table = 0;
  std::string vrf;                    // the VRF device; empty: by rules
  std::optional<net::IpAddr> source;  // the router's first address in the domain: whence it answers

  bool byRules() const { return vrf.empty(); }
};
// Where the rules of domains stand, on kernels without VRF devices.
inline constexpr std::uint32_t kLocalRuleBehindDomains = 30'000;
inline constexpr std::uint32_t kFirstDomainTable = 1000;  // number n has table 1000 + n
inline constexpr std::uint32_t kMaxDomains = 800;

std::optional<DomainPlace> placeOf(Builder& builder, const lab::BorderRouter& router, const lab::Domain& domain);
// What a VRF device does, by rules and marks, for all domains of a router: see domain_rules.cc.
void compileDomainRules(Builder& builder, const lab::BorderRouter& router);
std::vector<net::Prefix> rangesOf(const lab::Lab& lab, const lab::Domain& domain);  // vxnets and static routes

// ---- eip.cc
inline constexpr std::uint32_t kFirstEipTable = 2000;  // number n has table 2000 + n
inline constexpr std::uint32_t kMaxEips = 8000;
net::IpAddr internetAddress();  // 198.51.100.1 (RFC 5737, TEST-NET-2): the client and every EIP's gateway
std::string eipInterface(const Builder& builder, const std::string& eip);  // "eip<n>"; empty: no number given
std::uint32_t eipTable(const Builder& builder, const std::string& eip);
// The cable between the internet and the user of the EIP, with the EIP's address at the user's end.
void compileEipLeg(Builder& builder, const lab::Eip& eip, const std::string& user);
// What a VPC's router needs, beside what every router has, for its own answers to find back to the internet.
std::vector<state::Parameter> eipParameters(const lab::Lab& lab, const lab::Vpc& vpc);
// 1:1 NAT at the VPC's router for the servers of the VPC that have an EIP.
void compileServerEips(Builder& builder, const lab::Vpc& vpc);

// ---- server.cc
std::optional<net::IpAddr> addressOf(const Builder& builder, const std::string& id);  // server or load balancer

}  // namespace vpclab::compile
