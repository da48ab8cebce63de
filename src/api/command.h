#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace vpclab::api {

// What a caller wants to run in a node, as execve(2) takes it. Follows an ExecRequest as one frame
// (base/frame_socket.h) with three descriptors: its standard input, output and error. Bytes, not text: neither
// arguments nor the environment need be UTF-8.
struct Command {
  std::string directory;  // absolute
  mode_t mask = 022;      // umask(2)
  bool terminal = false;  // the first descriptor is a terminal for it alone, and becomes its controlling one
  std::vector<std::string> arguments;    // the program first
  std::vector<std::string> environment;  // NAME=VALUE
  bool operator==(const Command&) const = default;
};

inline constexpr std::size_t kMaxCommandBytes = 256U << 10U;
inline constexpr std::size_t kMaxCommandWords = 4096;  // arguments and variables
inline constexpr std::size_t kCommandFds = 3;

// Errors: kLimit; kInvalid for a NUL byte within a word.
base::Result<std::string> encodeCommand(const Command& command);
// Strict. Errors: kInvalid, kLimit.
base::Result<Command> decodeCommand(std::string_view bytes);

// The signals that a caller can pass on to its command; each follows as a frame of one byte, its number.
bool mayPassOn(int signal);

}  // namespace vpclab::api
