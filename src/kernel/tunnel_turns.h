#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kernel/execute.h"
#include "plan/order.h"
#include "state/link.h"

// What tunnels wait for so that their first packets are not lost. All of it is best effort.
namespace vpclab::kernel {

struct TunnelUpdate {
  const state::WgDevice* before;
  const state::WgDevice* after;
};

// Calls `speak(n)`, which carries out updates[n] and says whether it could, for one after the other: where tunnels
// begin to send to a peer, when what could be at the same moment has shaken hands.
void speakInTurn(Environment& environment, const std::string& lab, const std::vector<TunnelUpdate>& updates,
                 base::Deadline deadline, const std::function<bool(std::size_t)>& speak);

// Returns when the ports pass packets on: those of cables that lead to tunnels' sockets.
void awaitCarriers(Environment& environment, const std::string& lab, const std::vector<plan::LinkName>& ports,
                   base::Deadline deadline);

}  // namespace vpclab::kernel
