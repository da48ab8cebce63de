#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace vpclab::plan {

// A link within a lab.
using LinkName = std::pair<std::string, std::string>;  // netns, interface

// The links that an object is: both ends of a veth, one for other links, none for anything else.
std::vector<LinkName> linksOf(const state::Object& object);

// The namespaces that an object needs.
std::vector<std::string> namespacesOf(const state::Object& object);

// The links that an object needs to exist before it: its device, its master.
std::vector<LinkName> linksNeededBy(const state::Object& object);

// Where an object stands in the order of creation; objects of one tier never need each other. Coarser than kinds where
// the kernel does not care; finer where it does: parameters of an interface follow the links, and routes through a
// gateway follow those that lead to it.
int tierOf(const state::Object& object);
// The same for a step. A tunnel that begins to speak comes after all that its handshake needs, see silent().
int tierOf(const Step& step);

// Steps of equal number, if their action is the same too, may be carried out in one call of the KernelPort: they never
// need each other, or all of them but veth pairs and tunnels, which come first, are about one namespace each and are
// carried out in the plan's order there.
int batchOf(const Step& step);
// Whether a batch of this number is of the second sort.
bool isOrderedBatch(int batch);

// The object that a step is about, whichever side it has.
const state::Object& objectOf(const Step& step);

// The device without its keepalives. With one, it begins a handshake as soon as it is up; what it sends before its
// point of presence has an address is lost, and it tries again only 5 s later (REKEY_TIMEOUT, section 6.4 of
// WireGuard's paper). So a tunnel is made silent, and speaks as a second step.
state::WgDevice silent(state::WgDevice device);

// The same for a device that is there and gets more peers: as it is to become, but silent to those that it does not
// speak to yet.
state::WgDevice silentToNew(state::WgDevice device, const state::WgDevice& before);

}  // namespace vpclab::plan
