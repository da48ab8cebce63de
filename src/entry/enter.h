#pragma once

#include <optional>
#include <string>

#include "entry/caller.h"

namespace vpclab::entry {

// A process of the daemon's that runs one command in a node for one caller, who is not root. It has the caller's socket
// and a pipe to the daemon; the caller's frames (api/command.h) are read here, where a bad one hurts nobody else.
inline constexpr int kCallerSocket = 3;
inline constexpr int kReportPipe = 4;

struct Entry {
  std::string pin;   // of the node's namespace
  std::string node;  // the command's host name
  Caller caller;
  std::optional<gid_t> pingGroup;  // may open ICMP sockets in the node: without a capability there is no ping(8) else
};

// How it went: the command's status as of a shell; or with `error` 125, 126 where it could not be run, 127 where it was
// not found. Sent as "STATUS\nERROR".
struct Report {
  int status = 125;
  std::string error;
};
std::string encodeReport(const Report& report);
// What is no report is one: of an end without a word.
Report decodeReport(const std::string& text);

// The main() of that process: returns its exit status once the report is sent. Ends the command, and all that it has
// started, when the caller closes its socket or the daemon its pipe.
int enter(const Entry& entry);

}  // namespace vpclab::entry
