#pragma once

#include <cstdint>
#include <optional>
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

// How a keeper is started.
struct Launch {
  std::string program;                  // absolute: `program keeper --run-dir ... --lab ...` calls runKeeper()
  std::string worker;                   // absolute; empty: vpclab-worker beside the program
  std::string netnsDir = "/run/netns";  // where the lab's namespaces are pinned
};

// wireguard-go(8) for one access point: started in the namespace that keeps its UDP socket, with a tun interface that
// the keeper made in another. Both go when it ends.
struct Tunnel {
  std::string netns;        // where its interface is
  std::string name;         // of the interface; with its namespace the tunnel's key
  std::string socketNetns;  // where it runs: the point of presence
  std::uint32_t mtu = 0;
  std::uint32_t tunFlags = 0;  // IFF_NO_PI, IFF_VNET_HDR: how it expects packets on the tun (TUNSETIFF)

  bool operator==(const Tunnel&) const = default;
};

enum class RunState { kStarting, kRunning, kBackOff, kExited };

struct ProcessStatus {
  state::Process process;
  RunState state = RunState::kStarting;
  pid_t pid = 0;  // of the process itself, in the host's PID namespace; 0: not running
  unsigned restarts = 0;
  bool outdated = false;  // a worker whose program's file was replaced since it started
  std::string lastExit;   // "exit status 1", "signal 9 (Killed)"; empty: has not ended yet
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

// Talks to the keeper of one lab. Not thread safe: one client, one thread. Every call has a deadline. After a call that
// lost the connection (kTimeout, kProtocol, kSystem) the next one connects again.
class Client {
 public:
  // Errors: kNotFound where no keeper runs.
  static base::Result<Client> connect(const Address& address, base::Deadline deadline);
  // Starts the keeper if none runs (`program keeper --run-dir ... --lab ... --worker ... --netns-dir ...`, detached
  // from the caller: its own session, PID namespace and log, <runDir>/labs/<lab>/keeper.log), then connects. Two
  // callers at once get the same keeper.
  static base::Result<Client> ensure(const Address& address, const Launch& launch, base::Deadline deadline);
  static base::Result<Client> ensure(const Address& address, const std::string& program, base::Deadline deadline);

  pid_t pid() const { return pid_; }  // of the keeper, from SO_PEERCRED

  // Starts the process, or changes the running one: a worker's configuration in place, anything else by a restart.
  // Returns when it runs (a worker: when it has taken its configuration). A process that could not be started at all is
  // not kept: the error says why, with the kernel's words or the process' last ones. A process or listener whose
  // namespace was replaced under the same name counts as changed. A worker whose program's file was replaced gives its
  // sockets to a new one, and ends when the last of its connections has; if the new one does not start, it goes on.
  // kBusy: another call about it is under way.
  base::Result<> put(const state::Process& process, base::Deadline deadline);
  // Ends it: SIGTERM, then SIGKILL. Returns when it is gone. Idempotent.
  base::Result<> remove(const std::string& netns, const std::string& name, base::Deadline deadline);
  // Returns when its UAPI socket answers. A tunnel that ended is kExited and is not restarted by itself: its interface
  // has gone with its addresses, and only a new apply can put them back.
  base::Result<> putTunnel(const Tunnel& tunnel, base::Deadline deadline);
  base::Result<> removeTunnel(const std::string& netns, const std::string& name, base::Deadline deadline);
  // A connected stream socket to the tunnel's UAPI (https://www.wireguard.com/xplatform/), passed by the keeper.
  base::Result<base::UniqueFd> openTunnel(const std::string& netns, const std::string& name, base::Deadline deadline);
  base::Result<Listing> list(base::Deadline deadline);
  // Sends a control message to a worker and returns its answer.
  base::Result<nlohmann::json> control(const std::string& netns, const std::string& name, const nlohmann::json& message,
                                       base::Deadline deadline);
  // The last output of a process, at most 256 KiB. `end`, where it is given: how many bytes it has said in all, of
  // which these are the last; not set by a keeper that an older release has started.
  base::Result<std::string> output(const std::string& netns, const std::string& name, base::Deadline deadline,
                                   std::optional<std::uint64_t>* end = nullptr);
  // Ends every process and tunnel, then the keeper itself. Returns when all are gone.
  base::Result<> shutdown(base::Deadline deadline);

 private:
  Client(Address address, base::UniqueFd socket, pid_t pid)
      : address_(std::move(address)), socket_(std::move(socket)), pid_(pid) {}
  // One request and its answer. `fds` takes what came along, `payload` the bytes behind the answer's JSON.
  base::Result<nlohmann::json> call(nlohmann::json request, base::Deadline deadline, std::vector<base::UniqueFd>* fds,
                                    std::string* payload);

  Address address_;
  base::UniqueFd socket_;
  pid_t pid_ = 0;
};

// Ends the lab's keeper and all that it started, even one that does not answer any more (by pidfd and start time).
// Removes its socket and files. Idempotent.
base::Result<> terminate(const Address& address, base::Deadline deadline);

// The main() of `vpclabd keeper`. Starts the lab's keeper in the background, as the first process of a PID namespace of
// its own, so that the kernel ends everything that it started when it dies; returns the exit status when it answers.
// Errors go to standard error. If a keeper already runs, that is success.
int runKeeper(const Address& address, const std::string& workerProgram, const std::string& netnsDir = "/run/netns");

}  // namespace vpclab::keeper
