#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "net/ip.h"

// The address plan: of a vxnet, and of the lab's internet.
namespace vpclab::lab {

// The VPC router's address in a vxnet: .1, the first one.
net::IpAddr gatewayOf(const net::Prefix& vxnet);
// A border router's unless it is given another: the last host's, .254 in a /24. Servers never get it.
net::IpAddr borderAddressOf(const net::Prefix& vxnet);

// Where the lab's internet client lives (TEST-NET-2, RFC 5737).
net::Prefix internetRange();

// Why the network cannot be used for hosts ("loopback (127.0.0.0/8)"), or nothing.
std::string reservedAs(const net::Prefix& network);
// Why the address is none that the internet routes ("private (10.0.0.0/8)"), or nothing.
std::string notPublicAs(net::IpAddr address);

// A network and who uses it.
struct RangeUse {
  net::Prefix range;
  std::string owner;  // for messages
  std::string group;  // uses of one group may overlap each other; empty: no group
  base::SourcePos pos;
};
// Calls back for each range that overlaps a wider or equal one; `later` is the one further down in the files.
// O(n log n).
void forEachOverlap(std::vector<RangeUse> uses,
                    const std::function<void(const RangeUse& earlier, const RangeUse& later)>& found);

}  // namespace vpclab::lab
