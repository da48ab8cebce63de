#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/netns.h"

namespace vpclab::keeper {

// What the keeper itself has, and its children must not inherit changed.
struct Inherited {
  std::string oomScoreAdjust;  // text of /proc/self/oom_score_adj before the keeper lowered its own
  unsigned long softFiles = 1024;
};

// Where the first of ChildPlan::inherit is in the child.
inline constexpr int kFirstInherited = 5;

// What a new child is, before it becomes another program. All of it happens in the child.
struct ChildPlan {
  std::string title;                        // for errors: "run apache2 in bj-server1"
  const OpenNetns* netns = nullptr;         // null: a network namespace of its own, with nothing in it
  unsigned long cloneFlags = 0;             // further namespaces
  bool control = false;                     // descriptor 3: one end of a socket pair
  bool keepFileLimit = false;               // else the soft limit of open files is what it was
  std::vector<int> inherit;                 // the keeper's descriptors that it gets, from kFirstInherited on
  std::function<base::Result<>()> prepare;  // mounts and privileges
  std::vector<std::string> argv;            // a path with a slash, or a name to be looked for in PATH
  std::vector<std::string> environment;
  // Instead of exec: gets the status socket, never returns. It has all descriptors but 0, 1, 2 and that one closed.
  std::function<void(int statusSocket)> main;
};

// The keeper's ends of a child. Everything is close-on-exec and non-blocking.
struct Child {
  pid_t pid = 0;           // in the keeper's PID namespace
  base::UniqueFd status;   // ChildStatus messages, then the end
  base::UniqueFd output;   // its standard output and error
  base::UniqueFd control;  // where asked for
};

base::Result<Child> spawn(const ChildPlan& plan, const Inherited& inherited);

// As fork(2), with clone(2)'s flags for namespaces, which are the child's alone. Only for a process of one thread.
pid_t cloneProcess(unsigned long flags);

// What a child says about itself. One that execs directly says nothing when that has worked: its status socket ends.
struct ChildStatus {
  enum class Kind { kFailed, kProcess, kRunning, kEnded };
  Kind kind = Kind::kFailed;
  pid_t pid = 0;                     // kProcess: the command behind an init process, in the keeper's PID namespace
  int waitStatus = 0;                // kEnded: the command's, as of wait(2)
  std::optional<base::Error> error;  // kFailed
};

void sendStatus(int statusSocket, const ChildStatus& status);
// nullopt: nothing there now. kNotFound: the end.
base::Result<std::optional<ChildStatus>> receiveStatus(int statusSocket);

// In a child: gives up what the keeper's signal handling has set.
void resetSignals();
// In a child: execs, looking in the PATH of `environment`; returns only with the kernel's refusal.
base::Error execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

// The number that the host's /proc shows for a process of this PID namespace; 0: cannot be told.
pid_t hostPidOf(pid_t pid);

// "exit status 1", "signal 9 (Killed)".
std::string describeExit(int waitStatus);

}  // namespace vpclab::keeper
