#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "state/process.h"

namespace vpclab::keeper {

// Where a lab's keeper is found: `<runDir>/labs/<lab>/keeper.sock`, 0600.
struct Address {
  std::string runDir;
  std::string lab;
  std::string socketPath() const;
};

// wireguard-go(8) for one access point: started in the namespace that keeps its UDP socket, where it makes its tun
// device.
struct Tunnel {
  std::string name;   // the interface's name at birth, unique per lab; also the tunnel's key
  std::string netns;  // where it starts: the point of presence
  std::uint32_t mtu = 0;

  bool operator==(const Tunnel&) const = default;
};

enum class RunState { kStarting, kRunning, kBackOff, kExited };

struct ProcessStatus {
  state::Process process;
  RunState state = RunState::kStarting;
  pid_t pid = 0;  // of the process itself, in the host's PID namespace; 0: not running
  unsigned restarts = 0;
  std::string lastExit;  // "exit status 1", "signal 9 (Killed)"; empty: has not ended yet
};

struct TunnelStatus {
  Tunnel tunnel;
  RunState state = RunState::kStarting;
  pid_t pid = 0;
  unsigned restarts = 0;
};

struct Listing {
  std::vector<ProcessStatus> processes;
  std::vector<TunnelStatus> tunnels;
};

// Talks to the keeper of one lab. Not thread safe: one client, one thread. Every call has a deadline.
class Client {
 public:
  // Errors: kNotFound where no keeper runs.
  static base::Result<Client> connect(const Address& address, base::Deadline deadline);
  // Starts the keeper if none runs (`program keeper --run-dir ... --lab ...`, detached from the caller: its own
  // session, its output to <runDir>/labs/<lab>/keeper.log, bounded), then connects.
  static base::Result<Client> ensure(const Address& address, const std::string& program, base::Deadline deadline);

  pid_t pid() const;  // of the keeper, from SO_PEERCRED

  // Starts the process, or changes the running one: a worker's configuration in place, anything else by a restart.
  // Returns when it runs (a worker: when it has taken its configuration).
  base::Result<> put(const state::Process& process, base::Deadline deadline);
  // Ends it: SIGTERM, then SIGKILL. Returns when it is gone.
  base::Result<> remove(const std::string& netns, const std::string& name, base::Deadline deadline);
  base::Result<> putTunnel(const Tunnel& tunnel, base::Deadline deadline);  // returns when its UAPI socket answers
  base::Result<> removeTunnel(const std::string& name, base::Deadline deadline);
  // A connected stream socket to the tunnel's UAPI (https://www.wireguard.com/xplatform/), passed by the keeper.
  base::Result<base::UniqueFd> openTunnel(const std::string& name, base::Deadline deadline);
  base::Result<Listing> list(base::Deadline deadline);
  // Sends a control message to a worker and returns its answer.
  base::Result<nlohmann::json> control(const std::string& netns, const std::string& name, const nlohmann::json& message,
                                       base::Deadline deadline);
  // The last output of a process, at most 256 KiB.
  base::Result<std::string> output(const std::string& netns, const std::string& name, base::Deadline deadline);
  // Ends every process and tunnel, then the keeper itself. Returns when all are gone.
  base::Result<> shutdown(base::Deadline deadline);

 private:
  explicit Client(base::UniqueFd socket) : socket_(std::move(socket)) {}
  base::UniqueFd socket_;
};

// Ends the lab's keeper and all that it started, even one that does not answer any more (by pidfd and start time).
// Removes its socket and files. Idempotent.
base::Result<> terminate(const Address& address, base::Deadline deadline);

// The keeper's main(): one per lab, single-threaded. Returns the exit status. Everything that it starts dies with it.
int runKeeper(const Address& address, const std::string& workerProgram);

}  // namespace vpclab::keeper
