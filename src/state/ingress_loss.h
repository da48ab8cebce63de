#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "state/routing.h"

namespace vpclab::state {

// Loss on kernels without netem: packets that arrive at an interface are dropped at random by an nft chain at its
// ingress. There, and not at the sender's egress, whose drops the sender's own kernel is told of and makes good.
//
// Interface -> packets lost in a million.
using IngressLosses = std::map<std::string, std::uint32_t>;

// The table of a namespace with a chain for each interface; one without interfaces has an empty body.
NftTable ingressLossTable(const std::string& netns, const IngressLosses& losses);

// What a table says; chains of another form than ours are left out.
IngressLosses ingressLossesOf(const NftTable& table);

// The interfaces at whose ingress a table has chains, of whatever form. None for a family that has no such chains.
std::vector<std::string> ingressDevicesOf(const NftTable& table);

// The table without the chains of an interface, as the kernel leaves it when the interface goes (net/netfilter,
// nf_tables_netdev_event; newer kernels keep them for an interface of the same name).
NftTable withoutIngress(NftTable table, const std::string& device);

}  // namespace vpclab::state
