#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace vpclab::plan {

// A link within a lab.
using LinkName = std::pair<std::string, std::string>;  // netns, interface

// The interface that a parameter belongs to: "eth0" for "net/ipv4/conf/eth0/rp_filter"; empty for the namespace's own
// and for "all" and "default".
std::string interfaceOf(const state::Sysctl& sysctl);

// The links that an object is: both ends of a veth, one for other links, none for anything else.
std::vector<LinkName> linksOf(const state::Object& object);

// The namespaces that an object needs.
std::vector<std::string> namespacesOf(const state::Object& object);

// The links that an object needs to exist before it: its device, its master.
std::vector<LinkName> linksNeededBy(const state::Object& object);

// Where an object stands in the order of creation; objects of one tier never need each other. Coarser than kinds where
// the kernel does not care, so that batches are few; finer where it does: parameters of an interface follow the links,
// and routes through a gateway follow those that lead to it.
int tierOf(const state::Object& object);

// The object that a step is about, whichever side it has.
const state::Object& objectOf(const Step& step);

}  // namespace vpclab::plan
