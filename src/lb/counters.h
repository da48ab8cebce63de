#pragma once

#include <array>
#include <cstdint>

namespace vpclab::lb {

// What has happened since the worker started. Times in milliseconds, summed up; bytes as they went over the sockets.
struct ListenerCounters {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  // requests that we answered ourselves with 4xx or 5xx
  std::uint64_t redirected = 0;
  std::uint64_t retries = 0;
  std::uint64_t bytesIn = 0;             // from clients
  std::uint64_t bytesOut = 0;            // to clients
  std::uint64_t totalMs = 0;             // from a request's first byte to the end of its answer
  std::array<std::uint64_t, 6> codes{};  // answers to clients by class: [2] are 2xx; [0]: none was sent
};

struct BackendCounters {
  std::uint64_t requests = 0;  // that it got
  std::uint64_t answered = 0;  // heads of final answers, over which responseMs is summed
  std::uint64_t connects = 0;  // new connections, over which connectMs is summed
  std::uint64_t failed = 0;    // not connected, or no proper answer
  std::uint64_t bytesIn = 0;   // from the backend
  std::uint64_t bytesOut = 0;  // to it
  std::uint64_t connectMs = 0;
  std::uint64_t responseMs = 0;  // from the connection to its head
  std::uint64_t queuedMs = 0;
  std::array<std::uint64_t, 6> codes{};
};

}  // namespace vpclab::lb
