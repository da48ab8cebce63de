#include "lb/balance.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/text.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMaxBackends = 1024;

// Smooth weighted round robin: everyone earns its weight, the richest pays the whole. The credits start anew when the
// circle of those who take part changes, so that it is exact at once.
std::size_t pickRoundRobin(std::span<Candidate> all, std::span<const bool> circle, std::span<const bool> may) {
  bool changed = false;
  bool retrying = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    retrying = retrying || all[i].tried;
    changed = changed || all[i].wasEligible != circle[i];
  }
  if (retrying) {
    // A second choice, because the first could not be reached: the next one in order. It does not disturb the turns.
    const auto first = static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [](const Candidate& one) { return one.tried; }) - all.begin());
    for (std::size_t i = 1; i <= all.size(); ++i) {
      if (may[(first + i) % all.size()]) {
        return (first + i) % all.size();
      }
    }
  }
  std::int64_t total = 0;
  std::size_t best = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (changed) {
      all[i].credit = 0;
      all[i].wasEligible = circle[i];
    }
    if (!may[i]) {
      continue;
    }
    total += all[i].weight;
    all[i].credit += all[i].weight;
    if (best == all.size() || all[i].credit > all[best].credit) {
      best = i;
    }
  }
  all[best].credit -= total;
  return best;
}

// The fewest requests in work per weight; among equals whoever has waited longest.
std::size_t pickLeastConnections(std::span<const Candidate> all, std::span<const bool> may) {
  std::size_t best = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!may[i]) {
      continue;
    }
    if (best == all.size()) {
      best = i;
      continue;
    }
    const std::uint64_t mine = std::uint64_t{all[i].active} * all[best].weight;
    const std::uint64_t its = std::uint64_t{all[best].active} * all[i].weight;
    if (mine < its || (mine == its && all[i].lastTurn < all[best].lastTurn)) {
      best = i;
    }
  }
  return best;
}

// The same client goes to the same backend as long as the same backends take part; while that is full, to the next one.
std::size_t pickBySource(std::span<const Candidate> all, std::span<const bool> circle, std::span<const bool> may,
                         const net::IpAddr& client) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    total += circle[i] ? all[i].weight : 0;
  }
  std::uint64_t hash = base::stableHash(std::string_view(reinterpret_cast<const char*>(client.bytes()), client.size()));
  hash ^= hash >> 32U;  // the low bits of FNV-1a alone are weak
  std::uint64_t at = hash % total;
  std::size_t own = 0;
  while (!circle[own] || at >= all[own].weight) {
    at -= circle[own] ? all[own].weight : 0;
    ++own;
  }
  while (!may[own]) {
    own = (own + 1) % all.size();
  }
  return own;
}

}  // namespace

std::size_t eligible(std::span<const Candidate> all, std::span<bool> out) {
  const auto mark = [&](bool backup, Health health) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Candidate& one = all[i];
      out[i] = one.backup == backup && one.health == health && !one.disabled && one.weight > 0 && !one.tried;
      count += out[i] ? 1 : 0;
    }
    return count;
  };
  for (const bool backup : {false, true}) {
    for (const Health health : {Health::kUp, Health::kUnknown}) {
      if (const auto count = mark(backup, health); count > 0) {
        return count;
      }
    }
  }
  return 0;
}

std::optional<std::size_t> pick(state::Balance balance, std::span<Candidate> all, const net::IpAddr& client,
                                std::uint64_t& turn) {
  std::array<bool, kMaxBackends> circleMarks;
  std::array<bool, kMaxBackends> marks;
  all = all.first(std::min(all.size(), marks.size()));
  const std::span<bool> circle(circleMarks.data(), all.size());
  const std::span<bool> may(marks.data(), all.size());
  if (eligible(all, circle) == 0) {
    return std::nullopt;
  }
  bool any = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    may[i] = circle[i] && !all[i].full;
    any = any || may[i];
  }
  if (!any) {
    return std::nullopt;
  }
  std::size_t chosen = 0;
  switch (balance) {
    case state::Balance::kRoundRobin:
      chosen = pickRoundRobin(all, circle, may);
      break;
    case state::Balance::kLeastConnections:
      chosen = pickLeastConnections(all, may);
      break;
    case state::Balance::kSource:
      chosen = pickBySource(all, circle, may, client);
      break;
  }
  all[chosen].lastTurn = ++turn;
  return chosen;
}

}  // namespace vpclab::lb
