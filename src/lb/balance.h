#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/ip.h"
#include "state/process.h"

namespace vpclab::lb {

// What the balance functions look at: a backend's configuration, its health, and their own memory of it.
enum class Health : std::uint8_t { kUnknown, kUp, kDown };

struct Candidate {
  std::uint32_t weight = 1;
  bool disabled = false;
  bool backup = false;
  Health health = Health::kUnknown;
  std::uint32_t active = 0;    // requests (HTTP) or connections (TCP) in work
  bool tried = false;          // by this request already
  bool full = false;           // no more requests until one of its own ends; it keeps its place in the circle
  std::int64_t credit = 0;     // of round robin; the functions' own
  std::uint64_t lastTurn = 0;  // of least connections; the functions' own
  bool wasEligible = false;    // the functions' own
};

// Marks who may get a request now: primaries that are up, else primaries not checked yet, else backups that are up,
// else backups not checked yet. Never who is down, disabled, drained (weight 0) or has been tried. Returns how many
// there are; the full ones count: a backup does not take what primaries will do soon.
std::size_t eligible(std::span<const Candidate> all, std::span<bool> out);

// Whose turn is it? nullopt if nobody is eligible, or all who are, are full. One memory per listener makes the order
// exact over all connections: equal weights give 1,2,3,1,2,3 in the file's order. `turn` counts the picks of the
// listener.
std::optional<std::size_t> pick(state::Balance balance, std::span<Candidate> all, const net::IpAddr& client,
                                std::uint64_t& turn);

}  // namespace vpclab::lb
