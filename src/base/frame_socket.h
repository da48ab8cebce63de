#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::base {

// Messages with descriptors between our own processes, over an AF_UNIX stream socket. A frame is a header of two 32-bit
// numbers in network order, the body's length in bytes and the number of descriptors; then the body; then, in messages
// of one byte, the descriptors, at most 200 each (the kernel takes 253, SCM_MAX_FD in unix(7)).

inline constexpr std::size_t kMaxFrameBytes = 64U << 20U;
inline constexpr std::size_t kMaxFrameFds = 16384;
// Of a worker's answer to its keeper. One that is longer would read as an attack, and end the worker.
inline constexpr std::size_t kMaxAnswerBytes = 8U << 20U;

struct Frame {
  std::string body;
  std::vector<UniqueFd> fds;  // close-on-exec
};

// Sends one frame whole. The descriptors stay the caller's. Errors: kTimeout at the deadline, kSystem (EPIPE: the peer
// is gone; no signal is raised). After an error the stream is of no further use.
Result<> sendFrame(int socket, std::string_view body, std::span<const int> fds, Deadline deadline);

// Receives one frame whole. Errors: kTimeout; kNotFound where the peer has closed before a frame began; kLimit,
// kProtocol.
Result<Frame> receiveFrame(int socket, std::size_t maxBytes, std::size_t maxFds, Deadline deadline);

}  // namespace vpclab::base
