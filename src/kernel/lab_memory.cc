#include "kernel/lab_memory.h"

#include <atomic>
#include <set>
#include <utility>

#include "kernel/change_watch.h"
#include "kernel/links.h"

namespace vpclab::kernel {

namespace {

constexpr std::chrono::seconds kBelieved{60};

}  // namespace

// One watch for each lab: a message costs the kernel as much as there are namespaces with a number, and the watch has
// to go before the lab does.
struct LabMemory::Entry {
  std::optional<ChangeWatch> watch;
  std::atomic<bool> listens = false;
  base::Clock::time_point sawAll;

  std::shared_ptr<state::State> get() {
    const std::lock_guard lock(mutex);
    return seen;
  }
  std::shared_ptr<state::State> set(std::shared_ptr<state::State> now) {
    const std::lock_guard lock(mutex);
    return std::exchange(seen, std::move(now));
  }

  std::mutex mutex;
  std::shared_ptr<state::State> seen;  // guarded by mutex
};

// What the kernel has told of.
struct LabMemory::Heard {
  std::set<std::string> nodes;
  std::map<std::string, std::set<std::pair<int, net::IpAddr>>> neighbours;  // by node; with their links' indexes

  plan::Touched seenFrom(const std::string& lab, const state::State& before) const;
};

// Neighbours of links that are not the lab's are nobody's business.
plan::Touched LabMemory::Heard::seenFrom(const std::string& lab, const state::State& before) const {
  plan::Touched out{nodes, {}};
  for (const auto& [node, places] : neighbours) {
    std::set<std::string> links;  // that can have any
    before.eachIn<state::Address>(
        node, [&links](const state::Key&, const state::Address& address) { links.insert(address.link); });
    for (const auto& link : links) {
      for (const auto& [index, address] : places) {
        if (!nodes.contains(node) && isIndexOf(index, lab, node, link)) {
          out.neighbours[node][link].insert(address);
        }
      }
    }
  }
  return out;
}

LabMemory::LabMemory(std::string netnsDir, Hearing& hearing) : netnsDir_(std::move(netnsDir)), hearing_(hearing) {}

LabMemory::~LabMemory() = default;

std::shared_ptr<LabMemory::Entry> LabMemory::find(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  const auto it = labs_.find(lab);
  return it == labs_.end() || !it->second->listens ? nullptr : it->second;
}

std::shared_ptr<LabMemory::Entry> LabMemory::findOrAdd(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  auto& slot = labs_[lab];
  if (!slot) {
    slot = std::make_shared<Entry>();
  }
  return slot;
}

void LabMemory::makeReady(const std::string& lab) {
  const auto entry = findOrAdd(lab);
  if (entry->watch) {
    return;
  }
  // What fails is tried again by the one who needs it, and told then.
  if (auto opened = ChangeWatch::open(netnsDir_); opened && opened->follow(lab)) {
    entry->watch.emplace(std::move(*opened));
  }
}

std::optional<LabMemory::Heard> LabMemory::hear(const std::string& lab, Entry& entry, Pins pins) {
  const bool isNew = !entry.listens;
  if (isNew) {
    base::Result<> begun;
    if (!entry.watch) {
      auto opened = ChangeWatch::open(netnsDir_);
      if (opened) {
        entry.watch.emplace(std::move(*opened));
      } else {
        begun = base::fail(std::move(opened.error()));
      }
    }
    if (begun) {
      begun = entry.watch->listen(ChangeWatch::Neighbours::kHeard);
    }
    if (!begun) {
      hearing_.refused(lab, begun.error());
      forget(lab);
      return std::nullopt;
    }
    entry.listens = true;
  }
  const bool all = isNew || pins == Pins::kCompared;
  auto out = all ? entry.watch->follow(lab) : base::Result<std::set<std::string>>();
  auto changes = entry.watch->changed();
  auto& nodes = changes.nodes[lab];
  if (out && changes.died) {
    nodes.merge(*out);
    out = entry.watch->follow(lab);  // its inode may be another's
  }
  if (!out) {
    hearing_.refused(lab, out.error());
    forget(lab);
    return std::nullopt;
  }
  if (changes.lostCount) {
    hearing_.lostCount(lab);
    forget(lab);
    if (!isNew) {
      // All is looked at now, so that what is told from now on is of use. By another watch: what this one does not know
      // of may be that a namespace has died, whose inode is another's by now.
      static_cast<void>(hear(lab, *findOrAdd(lab), Pins::kCompared));
    }
    return std::nullopt;
  }
  if (isNew) {
    hearing_.works(lab);
    return std::nullopt;
  }
  nodes.merge(*out);
  return Heard{std::move(nodes), std::move(changes.neighbours[lab])};
}

std::optional<Again> LabMemory::recall(const std::string& lab, base::Clock::time_point now) {
  const auto entry = findOrAdd(lab);
  const auto heard = hear(lab, *entry, Pins::kCompared);
  auto seen = entry->set(nullptr);
  if (!heard || !seen || now - entry->sawAll > kBelieved) {
    looksAtAll(lab, now);
    return std::nullopt;
  }
  auto touched = heard->seenFrom(lab, *seen);
  return Again{std::move(*seen), std::move(touched)};
}

void LabMemory::looksAtAll(const std::string& lab, base::Clock::time_point now) {
  if (const auto entry = find(lab)) {
    entry->sawAll = now;
  }
}

void LabMemory::listen(const std::string& lab, base::Clock::time_point now) {
  if (const auto entry = find(lab)) {
    entry->set(nullptr);
  }
  static_cast<void>(recall(lab, now));
}

std::optional<plan::Touched> LabMemory::heard(const std::string& lab, const state::State& before,
                                              base::Clock::time_point now) {
  const auto entry = find(lab);
  if (!entry) {
    return plan::Touched();
  }
  entry->set(nullptr);
  const auto out = hear(lab, *entry, Pins::kBelieved);
  if (!out) {
    looksAtAll(lab, now);
    return std::nullopt;
  }
  return out->seenFrom(lab, before);
}

void LabMemory::remember(const std::string& lab, state::State seen) {
  if (const auto entry = find(lab)) {
    entry->set(std::make_shared<state::State>(std::move(seen)));
  }
}

std::shared_ptr<const state::State> LabMemory::seen(const std::string& lab) {
  const auto entry = find(lab);
  return entry ? entry->get() : nullptr;
}

void LabMemory::share(const std::string& lab, state::State& with) {
  if (const auto entry = find(lab)) {
    const std::lock_guard lock(entry->mutex);
    if (entry->seen) {
      with.shareWith(*entry->seen);
    }
  }
}

void LabMemory::forget(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  labs_.erase(lab);
}

}  // namespace vpclab::kernel
