#include "kernel/tunnel_turns.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <thread>

#include <net/if.h>

#include "kernel/links.h"
#include "kernel/namespaces.h"
#include "kernel/threads.h"
#include "kernel/tunnel_peers.h"

namespace vpclab::kernel {

using state::WgDevice;

namespace {

constexpr std::chrono::microseconds kCarrierPause{200};
constexpr base::Milliseconds kCarrierTime{500};
// A handshake takes a millisecond or two on one host that has nothing else to do. If the other end's address could not
// be resolved at once, the kernel asks again after a second, arp(7), and then it is the first end's packet that goes.
constexpr base::Milliseconds kHandshakePause{1};
constexpr base::Milliseconds kHandshakeTime{2'500};   // of one end
constexpr base::Milliseconds kHandshakesTime{5'000};  // of all that begin to speak together
constexpr base::Milliseconds kOthersTime{1'000};      // of ends that spoke before; they may have been waiting for long

// Best effort: a peer that answers later, or never, is not waited for.
void awaitHandshakes(Environment& environment, const std::string& lab, const WgDevice& device,
                     const std::set<net::WgKey>& wanted, base::Deadline deadline) {
  while (!wanted.empty() && !deadline.passed()) {
    const auto peers = tunnelPeers(environment, lab, device, deadline);
    if (!peers || std::all_of(peers->begin(), peers->end(), [&wanted](const TunnelPeer& peer) {
          return peer.handshakeAgeSeconds.has_value() || !wanted.contains(peer.publicKey);
        })) {
      return;
    }
    std::this_thread::sleep_for(kHandshakePause);
  }
}

// The peers that it sends to from then on. One that it stays silent to cannot be waited for: it may not be there yet.
std::set<net::WgKey> spokenToAnew(const TunnelUpdate& update) {
  std::set<net::WgKey> out;
  for (const auto& [key, peer] : *update.after->peers) {
    const auto known = update.before->peers->find(key);
    if (peer.keepaliveSeconds != 0 && (known == update.before->peers->end() || known->second.keepaliveSeconds == 0)) {
      out.insert(key);
    }
  }
  return out;
}

}  // namespace

// An end that gets a keepalive begins a handshake. If both ends of a tunnel do so at the same moment, each drops its
// own for the other's, and they try again only 5 s later (REKEY_TIMEOUT). So they speak one after the other.
void speakInTurn(Environment& environment, const std::string& lab, const std::vector<TunnelUpdate>& updates,
                 base::Deadline deadline, const std::function<bool(std::size_t)>& speak) {
  const auto patience = deadline.earlier(base::Deadline::after(kHandshakesTime));
  std::set<net::WgKey> here;
  for (const auto& update : updates) {
    here.insert(update.after->publicKey);
  }
  for (std::size_t n = 0; n < updates.size(); ++n) {
    const WgDevice& device = *updates[n].after;
    const std::set<net::WgKey> all = spokenToAnew(updates[n]);
    std::set<net::WgKey> others;  // that speak already: where an apply was cut short between the two ends of a tunnel
    std::set_difference(all.begin(), all.end(), here.begin(), here.end(), std::inserter(others, others.end()));
    awaitHandshakes(environment, lab, device, others, patience.earlier(base::Deadline::after(kOthersTime)));
    if (speak(n) && n + 1 < updates.size()) {
      awaitHandshakes(environment, lab, device, all, patience.earlier(base::Deadline::after(kHandshakeTime)));
    }
  }
}

// A port gets its carrier when its far end is up, but passes packets on only once the kernel has looked at it from a
// thread of its own (linkwatch_event), which takes a moment on a busy host. A tunnel's first handshake would lose its
// ARP request there, which is repeated after a second.
void awaitCarriers(Environment& environment, const std::string& lab, const std::vector<plan::LinkName>& ports,
                   base::Deadline deadline) {
  const auto patience = deadline.earlier(base::Deadline::after(kCarrierTime));
  static_cast<void>(onThreads(ports.size(), [&](std::size_t n) {
    auto socket = enterOwned(environment, environment.pins.path(lab, ports[n].first), patience);
    while (socket && !patience.passed()) {
      const auto link = LinkTable(*socket).find(ports[n].second, patience);
      if (!link || (link->flags & IFF_RUNNING) != 0) {
        return;
      }
      std::this_thread::sleep_for(kCarrierPause);
    }
  }));
}

}  // namespace vpclab::kernel
