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

// Calls `speak(n)`, with which the tunnel of devices[n] begins to send and which says whether it does, for one after
// the other: when what could be at the same moment has shaken hands.
void speakInTurn(Environment& environment, const std::string& lab, const std::vector<const state::WgDevice*>& devices,
                 base::Deadline deadline, const std::function<bool(std::size_t)>& speak);

// Returns when the ports pass packets on: those of cables that lead to tunnels' sockets.
void awaitCarriers(Environment& environment, const std::string& lab, const std::vector<plan::LinkName>& ports,
                   base::Deadline deadline);

}  // namespace vpclab::kernel
