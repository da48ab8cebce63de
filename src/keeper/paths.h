#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/client.h"

namespace vpclab::keeper {

// A lab's keeper and what it leaves in the file system.
struct Paths {
  explicit Paths(const Address& address);

  std::string directory;  // <runDir>/labs/<lab>, 0700
  std::string socket;
  std::string lock;    // held (flock(2)) as long as the keeper lives
  std::string record;  // KeeperRecord
  std::string log;     // its standard error
};

// Errors: kInvalid for a lab name that could lead out of its directory.
base::Result<> checkAddress(const Address& address);

// Which process the keeper is. A pid alone may be somebody else's by now; with the start time it is not.
struct KeeperRecord {
  pid_t pid = 0;
  std::uint64_t startTime = 0;  // field 22 of /proc/<pid>/stat, clock ticks since boot; proc(5)
};

base::Result<std::uint64_t> startTimeOf(pid_t pid);
base::Result<KeeperRecord> readRecord(const std::string& path);
base::Result<> writeRecord(const std::string& path, const KeeperRecord& record);

struct Peer {
  base::UniqueFd socket;
  pid_t pid = 0;
};

// Connects to an AF_UNIX stream socket whose server is root or this process' own user. Paths of any length.
// Errors: kNotFound where nobody listens.
base::Result<Peer> connectUnix(const std::string& path, base::Deadline deadline);
// A listening one, 0600, non-blocking.
base::Result<base::UniqueFd> listenUnix(const std::string& path);

// Takes the keeper's lock. Errors: kBusy where somebody has it.
base::Result<base::UniqueFd> takeLock(const std::string& path);

}  // namespace vpclab::keeper
