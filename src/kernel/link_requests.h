#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/session.h"
#include "state/link.h"
#include "state/parameters.h"

namespace vpclab::kernel {

// Bridges, VRFs and veth pairs as rtnetlink(7) requests of the session's namespace.

base::Result<> createBridge(Session& session, const state::Bridge& bridge);
base::Result<> updateBridge(Session& session, const state::Bridge& bridge);
base::Result<> createVrf(Session& session, const state::Vrf& vrf);
base::Result<> updateVrf(Session& session, const state::Vrf& vrf);

// Makes the pair in one request, `main`'s end here with its master and up, `peer`'s end in `peerNetns`, still down:
// the kernel refuses to create a veth's peer up. What is left of the same pair of ours (its far end moved away or dying
// with its namespace) is removed first. Returns the index of the peer's end. Errors: kForeign where a link that is not
// ours has a name.
base::Result<int> createVeth(Session& session, const state::VethEnd& main, const state::VethEnd& peer,
                             const base::UniqueFd& peerNetns);
// What createVeth() left out of the peer's end, in its own namespace: its master and up.
base::Result<Message> vethPeerRequest(Session& session, const state::VethEnd& peer);
// One end's MAC, MTU, master and up, in its own namespace.
base::Result<> updateVethEnd(Session& session, const state::VethEnd& end);
// Removes a link of one of these kinds; succeeds if it is gone already.
base::Result<> deleteLink(Session& session, const std::string& name, std::string_view kind);

// Sets what is given of a link; `master` empty: none. For devices of other kinds.
struct LinkSettings {
  std::uint32_t mtu = 0;
  bool up = false;
  std::string master;
  const net::Mac* mac = nullptr;
  std::string alias;
};
base::Result<> setLink(Session& session, const std::string& name, const LinkSettings& settings);

// Sets parameters of a link, net/ipv4/conf/LINK/..., without procfs. Errors: kInvalid for one that is not in
// parseLink().
base::Result<Message> parametersRequest(Session& session, const std::string& link, const state::Parameters& parameters);

}  // namespace vpclab::kernel
