#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/kind_times.h"
#include "plan/kernel_port.h"
#include "state/capabilities.h"
#include "state/link.h"

namespace vpclab::kernel {

struct Options {
  std::string runDir;  // this daemon's: the owner of its labs
  std::string netnsDir = "/run/netns";
  std::string keeperProgram;  // absolute path of vpclabd
  // Gets, for people, why all of a large lab is looked at though it is remembered: once for each cause. From any
  // thread.
  std::function<void(const std::string& lab, const std::string& why)> onUnheard = [](const auto&, const auto&) {};
};

// One feature of `doctor`.
struct Feature {
  std::string name;    // "tunnel", "vrf", "impairment", "nftables", "namespaces", "sysctl", "mount-namespace", ...
  std::string chosen;  // "wireguard device", "wireguard-go", "policy rules", "none"
  bool works = false;  // the lab can use this feature, one way or the other
  std::string why;     // the kernel's own words for what it refused
  std::string remedy;  // what to install or load; empty: nothing needed
};

// What a tunnel knows of another access point.
struct TunnelPeer {
  net::WgKey publicKey;
  std::optional<double> handshakeAgeSeconds;  // of the last one; not set: none yet
  std::uint64_t receivedBytes = 0;
  std::uint64_t sentBytes = 0;
};

// What an observation of a large lab has to do with what was seen of it before, and the kernel has told since.
enum class Memory {
  kNone,  // nothing: looks at all
  kKeep,  // looks at all, and what is seen may be remembered
  kUse,   // looks only where something may be otherwise than what is remembered
};

// Whether somebody still wants what is being looked for: asked again and again, by several threads. Not set: always.
using Wanted = std::function<bool()>;

// The real kernel. C-library types stay inside this folder.
class System : public plan::KernelPort {
 public:
  // observe() and execute(), which also say where the time went. Errors: kCancelled, of a look at everything that is
  // not wanted any more.
  virtual base::Result<state::State> observe(const std::string& lab, KindTimes* times, Memory memory,
                                             const Wanted& wanted) = 0;
  base::Result<state::State> observe(const std::string& lab, KindTimes* times, Memory memory) {
    return observe(lab, times, memory, Wanted());
  }
  virtual base::Result<state::State> observeAgain(const std::string& lab, state::State before,
                                                  const plan::Touched& touched, KindTimes* times) = 0;
  virtual std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                              base::Deadline deadline, KindTimes* times) = 0;
  base::Result<state::State> observe(const std::string& lab) final { return observe(lab, nullptr, Memory::kNone); }
  base::Result<state::State> observeAgain(const std::string& lab, state::State before,
                                          const plan::Touched& touched) final {
    return observeAgain(lab, std::move(before), touched, nullptr);
  }
  std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                      base::Deadline deadline) final {
    return execute(lab, steps, deadline, nullptr);
  }
  // For the next observation that may use it: what the last one with kKeep or kUse, or an observeAgain() behind it, has
  // returned. Of small labs nothing is remembered.
  virtual void remember(const std::string& lab, state::State seen) = 0;
  // Objects that are equal to what is remembered of the lab are owned together with it: not twice. Other calls for the
  // lab may overlap with this one.
  virtual void share(const std::string& lab, state::State& with) = 0;
  // Whether the kernel tells of the changes of large labs, tried now, and what became of it so far.
  virtual Feature notifications() = 0;
  // A socket opened inside the node's namespace; it stays there wherever it is used. Close-on-exec.
  virtual base::Result<base::UniqueFd> openSocket(const std::string& lab, const std::string& node, int domain, int type,
                                                  int protocol) = 0;
  // The peers of a tunnel that is up; of the device only its place and implementation are looked at.
  virtual base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string& lab, const state::WgDevice& device,
                                                            base::Deadline deadline) = 0;
  // Finds out early what the first tunnel would have to wait for. Reports nothing: what goes wrong goes wrong again.
  virtual void learnTunnels() = 0;
  virtual std::string pinPath(const std::string& lab, const std::string& node) const = 0;
};

base::Result<std::unique_ptr<System>> makeSystem(Options options);

// Finds out by trying, in scratch namespaces that vanish again. `features`: may be nullptr. `slowToGo`: what takes the
// kernel some 20 ms to take away (a tun waits for rcu_barrier), for the caller to close when nobody waits for it;
// nullptr: it is closed here.
base::Result<state::Capabilities> probe(std::vector<Feature>* features,
                                        std::vector<base::UniqueFd>* slowToGo = nullptr);
// System::notifications() of a daemon that has no lab yet.
Feature probeNotifications();

}  // namespace vpclab::kernel
