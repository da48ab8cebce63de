#include "kernel/lab_memory.h"

#include "base/clock.h"
#include "kernel/change_watch.h"

namespace vpclab::kernel {

namespace {

constexpr std::chrono::seconds kBelieved{60};

}  // namespace

// One watch for each lab: a message costs the kernel as much as there are namespaces with a number, and the watch has
// to go before the lab does.
struct LabMemory::Entry {
  std::optional<ChangeWatch> watch;
  std::shared_ptr<state::State> seen;
  base::Clock::time_point sawAll;
};

LabMemory::LabMemory(std::string netnsDir) : netnsDir_(std::move(netnsDir)) {}

LabMemory::~LabMemory() = default;

std::shared_ptr<LabMemory::Entry> LabMemory::find(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  const auto it = labs_.find(lab);
  return it == labs_.end() ? nullptr : it->second;
}

std::optional<std::set<std::string>> LabMemory::hear(const std::string& lab, Entry& entry) {
  const bool isNew = !entry.watch;
  if (isNew) {
    auto opened = ChangeWatch::open(netnsDir_, ChangeWatch::Neighbours::kHeard);
    if (!opened) {
      forget(lab);
      return std::nullopt;
    }
    entry.watch.emplace(std::move(*opened));
  }
  auto out = entry.watch->follow(lab);
  auto changes = entry.watch->changed();
  auto& nodes = changes.nodes[lab];
  if (out && !nodes.empty()) {
    nodes.merge(*out);
    out = entry.watch->follow(lab);  // one may have died, and its inode be another's
  }
  if (!out || changes.lostCount) {
    forget(lab);
    return std::nullopt;
  }
  if (isNew) {
    return std::nullopt;
  }
  nodes.merge(*out);
  return nodes;
}

std::optional<Again> LabMemory::recall(const std::string& lab) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = labs_[lab];
    if (!slot) {
      slot = std::make_shared<Entry>();
    }
    entry = slot;
  }
  auto nodes = hear(lab, *entry);
  const auto now = base::Clock::now();
  if (!nodes || !entry->seen || now - entry->sawAll > kBelieved) {
    entry->seen.reset();
    entry->sawAll = now;
    return std::nullopt;
  }
  Again out{std::move(*entry->seen), std::move(*nodes)};
  entry->seen.reset();
  return out;
}

void LabMemory::listen(const std::string& lab) {
  if (const auto entry = find(lab)) {
    entry->seen.reset();
  }
  static_cast<void>(recall(lab));
}

std::optional<std::set<std::string>> LabMemory::heard(const std::string& lab) {
  const auto entry = find(lab);
  if (!entry) {
    return std::set<std::string>{};
  }
  entry->seen.reset();
  const auto now = base::Clock::now();
  auto out = hear(lab, *entry);
  if (!out) {
    entry->sawAll = now;
  }
  return out;
}

void LabMemory::remember(const std::string& lab, state::State seen) {
  if (const auto entry = find(lab)) {
    entry->seen = std::make_shared<state::State>(std::move(seen));
  }
}

std::shared_ptr<const state::State> LabMemory::seen(const std::string& lab) {
  const auto entry = find(lab);
  return entry ? entry->seen : nullptr;
}

void LabMemory::forget(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  labs_.erase(lab);
}

}  // namespace vpclab::kernel
