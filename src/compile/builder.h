#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compile/compile.h"
#include "state/ingress_loss.h"

namespace vpclab::compile {

// What a namespace does with packets that are not its own; its kernel parameters follow.
enum class Role : std::uint8_t {
  kHost,    // servers, load balancers, points of presence, switches: never forwards
  kRouter,  // VPCs, border routers, the internet
};

// One end of a cable: an interface of a node.
struct Leg {
  std::string netns;
  std::string wanted;  // the interface's name before it is shortened
  std::string master;  // bridge or VRF; empty: none
  std::optional<net::Prefix> address;
  bool noPrefixRoute = false;
  std::string attachedTo;      // for inspect
  bool ported = false;         // a bridge port: no IP of its own, no parameters
  base::SourcePos addressPos;  // where the file gives the address; empty: with the cable
};

// The name that the kernel gets for a wanted one: at most 15 bytes, and none that means something else to it.
std::string interfaceName(const std::string& wanted);

// Collects what the compilers of the nouns want. Notices what two of them want differently, and interface names that
// collide after shortening.
class Builder {
 public:
  Builder(const lab::Lab& lab, const state::Capabilities& capabilities, const Allocations& allocations)
      : lab_(lab), capabilities_(capabilities), allocations_(allocations) {}

  const lab::Lab& lab() const { return lab_; }
  const state::Capabilities& capabilities() const { return capabilities_; }
  const Allocations& allocations() const { return allocations_; }

  // A namespace with the parameters of its role and more, explicit both ways: a new namespace inherits the host's IPv4
  // values.
  void node(Node node, Role role, const state::Origin& origin, std::uint32_t localRulePriority = 0,
            std::vector<state::Parameter> parameters = {});
  void add(state::Object object, const state::Origin& origin);
  // A veth pair with everything that its legs ask for. Returns the interface names.
  std::pair<std::string, std::string> cable(const Leg& one, const Leg& other, const state::Origin& origin,
                                            const lab::Impairment& line = {});
  // Takes a name in a namespace for a link that the caller adds. Returns it, shortened.
  std::string takeName(const std::string& netns, const std::string& wanted, const state::Origin& origin);
  // The parameters of an interface, and its place in inspect.
  void interface(const Leg& leg, const std::string& name, const state::Origin& origin);

  void page(state::PageSite site, const base::SourcePos& pos);
  void error(const base::SourcePos& pos, std::string message, std::string hint = {});

  net::Mac macOf(const std::string& netns, const std::string& name) const;

  Compiled finish();

  // What was collected so far, but for what goes by all of the lab: the tables of neighbours and of losses, the pages.
  struct Pieces {
    std::vector<state::Entry> entries;  // in the order of coming
    std::map<std::string, Node> nodes;
    base::Diagnostics diagnostics;
  };
  Pieces pieces();

 private:
  // Who has a name of an interface.
  struct Taken {
    std::string wanted;
    state::OriginPtr origin;
  };
  // What is known of a namespace.
  struct Place {
    base::SharedString netns;
    Role role = Role::kHost;
    std::map<std::string, Taken> names;
    std::vector<Interface> interfaces;
  };
  Place& placeOf(const std::string& netns);
  // What was added, as a State; tells where two want the same object differently.
  void settle();
  void checkPorts();
  // What the line does to packets, at the end of a cable.
  void impair(const std::string& netns, const std::string& name, const lab::Impairment& line,
              const state::Origin& origin);
  void addLosses();
  void addNeighbours();
  void addInterfaces();  // to their nodes

  const lab::Lab& lab_;
  const state::Capabilities& capabilities_;
  const Allocations& allocations_;
  Compiled out_;
  state::EntryMaker maker_;
  std::vector<state::Entry> entries_;    // in the order of coming
  std::map<std::string, Place> places_;  // not by hashes: who chooses the names could make them alike
  // The parameters of a link of this name.
  struct LinkParameters {
    base::SharedString name;
    state::Parameters ofHost;
    state::Parameters ofRouter;
  };
  LinkParameters lastLink_;  // of many nodes in a row: eth0
  std::vector<state::PageSite> pages_;
  state::Origin pagesOrigin_{"pages of the servers", {}};
  // Loss by nft, which has one table for all interfaces of a namespace; with the first of those that ask for it.
  std::map<std::string, std::pair<state::IngressLosses, state::Origin>> losses_;
};

}  // namespace vpclab::compile
