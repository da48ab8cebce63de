#pragma once

#include <string>

#include "base/result.h"

// The daemon's log: one line per change, with its reason.
namespace vpclab::daemon {

// Writes to `file` (0640, two generations of 4 MiB), or to standard error where it is empty. Level: "debug", "info",
// "warning", "error". Before any thread is started.
base::Result<> startLog(const std::string& file, const std::string& level);

// Thread safe. Text from outside is made printable.
void logDebug(const std::string& text);
void logInfo(const std::string& text);
void logWarning(const std::string& text);
void logError(const std::string& text);

// While one of these is there, its thread's lines of "info" may wait to be written together with the next ones.
class LogBurst {
 public:
  LogBurst();
  ~LogBurst();
  LogBurst(const LogBurst&) = delete;
  LogBurst& operator=(const LogBurst&) = delete;
};

}  // namespace vpclab::daemon
