#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "lab/lab.h"
#include "net/wg_key.h"
#include "state/capabilities.h"
#include "state/state.h"

namespace vpclab::compile {

// What was given out so far and must stay: adding a server renumbers none, a tunnel keeps its key. Kept by the daemon.
struct Allocations {
  std::map<std::string, net::IpAddr> addresses;     // server or load balancer id -> its private address
  std::map<std::string, net::WgKey> privateKeys;    // access point id -> key
  std::map<std::string, net::IpAddr> wanAddresses;  // access point id -> its address on the WAN
  std::map<std::string, std::uint32_t>
      domainNumbers;                                // "border-router/domain" -> 1.., from which table and mark follow
  std::map<std::string, std::uint32_t> eipNumbers;  // eip id -> 1.., from which its leg's name and table follow

  bool operator==(const Allocations&) const = default;
};

// Keeps every entry of `previous` that the lab still needs, drops the others, adds what is missing. A fixed address in
// the file wins over an earlier allocation. `newKey` is asked for 32 random bytes for each new access point.
// Deterministic otherwise: input order does not matter. Errors: a vxnet with no free address left.
base::Diagnostics allocate(const lab::Lab& lab, const Allocations& previous, const std::function<net::WgKey()>& newKey,
                           Allocations& out);

// An interface of a node, for people: what it is called, what it would be called without the limit of 15 bytes, and
// where it leads.
struct Interface {
  std::string name;
  std::string fullName;
  std::vector<net::Prefix> addresses;
  std::string attachedTo;  // vxnet id, EIP id, WAN id, ...
};

// A namespace of the lab, as users name it.
struct Node {
  std::string id;  // also the namespace's name: "bj-server1", "switch.pek3"
  std::string title;
  std::string kind;  // "server", "vpc", "border-router", "access-point", "load-balancer", "internet", "switch", "wan"
  std::string region;
  std::vector<Interface> interfaces;
};

struct Compiled {
  state::State desired;
  std::map<std::string, Node> nodes;  // by id
  base::Diagnostics diagnostics;      // what this kernel cannot do, with the place that asks for it
};

// Pure and deterministic: the same lab, capabilities and allocations give the same state.
Compiled compile(const lab::Lab& lab, const state::Capabilities& capabilities, const Allocations& allocations);

}  // namespace vpclab::compile
