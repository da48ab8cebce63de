#include "daemon/supervisor.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/finals.h"
#include "daemon/heal_schedule.h"
#include "daemon/log.h"
#include "daemon/operations.h"
#include "daemon/take_down.h"
#include "keeper/watcher.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kConnectTime{2};
constexpr std::chrono::seconds kEventTime{1};
// A change seldom comes alone; and looking costs, so that a lab that never rests is looked at once a second.
constexpr base::Milliseconds kLookAfter{100};
constexpr base::Milliseconds kLookPause{1'000};
constexpr base::Milliseconds kLookAgain{10'000};  // where a look has failed

// An operation that nobody waits for.
class OwnSession : public Session {
 public:
  explicit OwnSession(const std::function<bool()>& stopped) : stopped_(stopped) {}
  void send(const api::Event&) override {}
  bool stopped() override { return stopped_(); }
  bool ending() const override { return stopped_(); }
  bool ready(base::Deadline) override { return true; }
  Peer peer() const override { return {0, ::geteuid(), ::getegid(), {}}; }
  int socket() const override { return -1; }

 private:
  std::function<bool()> stopped_;
};

}  // namespace

struct Supervisor::Watched {
  std::optional<keeper::Watcher> watcher;
  HealSchedule schedule;
  std::optional<base::Clock::time_point> lookAt;  // whether it differs: something has changed
  base::Clock::time_point looked;

  std::optional<base::Clock::time_point> next() const {
    const auto due = schedule.due();
    return due && lookAt ? std::min(*due, *lookAt) : due ? due : lookAt;
  }
};

Supervisor::Supervisor(Engine& engine)
    : engine_(engine), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {}

Supervisor::~Supervisor() {
  stop();
  thread_.join();
}

void Supervisor::watch(const std::string& lab) {
  order(lab, Order::kWatch);
}

void Supervisor::bringBack(const std::string& lab) {
  order(lab, Order::kBringBack);
}

void Supervisor::forget(const std::string& lab) {
  order(lab, Order::kForget);
}

void Supervisor::order(const std::string& lab, Order order) {
  const std::lock_guard lock(mutex_);
  orders_[lab] = order;
  wake();
}

void Supervisor::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake();
}

void Supervisor::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

bool Supervisor::takeOrders() {
  std::uint64_t count = 0;
  (void)!::read(wake_.get(), &count, sizeof(count));
  std::map<std::string, Order> orders;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return false;
    }
    orders.swap(orders_);
  }
  for (const auto& [lab, wanted] : orders) {
    if (wanted == Order::kForget) {
      watched_.erase(lab);
      if (ears_) {
        ears_->changes.forget(lab);
        ears_->pins.forget(lab);
      }
      continue;
    }
    auto& watched = watched_[lab];
    watched.schedule.applied();
    follow(lab);
    if (wanted == Order::kBringBack) {
      watched.schedule.broke(base::Clock::now());
    }
    if (!watched.watcher) {
      connect(lab, watched);
    }
  }
  return true;
}

void Supervisor::connect(const std::string& lab, Watched& watched) {
  auto watcher = keeper::Watcher::connect({engine_.options().runDir, lab}, base::Deadline::after(kConnectTime));
  if (watcher) {
    watched.watcher.emplace(std::move(*watcher));
  } else if (watcher.error().kind() != base::ErrorKind::kNotFound) {
    logWarning("lab " + lab + ": cannot watch its keeper: " + watcher.error().message());
  }
  // No keeper: the lab has no process.
}

void Supervisor::listen(const std::string& lab, Watched& watched) {
  const auto event = watched.watcher->next(base::Deadline::after(kEventTime));
  if (!event && event.error().kind() == base::ErrorKind::kTimeout) {
    return;
  }
  std::string reason;
  if (!event) {
    watched.watcher.reset();
    reason = "its keeper has gone (" + event.error().message() + ")";
    engine_.journal().keeperGone(lab, event.error().message());
  } else {
    engine_.journal().process(lab, *event);
    if (!event->tunnel || event->state != keeper::RunState::kExited) {
      return;
    }
    reason = "tunnel " + event->name + " has ended" + (event->lastExit.empty() ? "" : " (" + event->lastExit + ")");
  }
  broke(lab, watched, reason);
}

void Supervisor::broke(const std::string& lab, Watched& watched, const std::string& reason) {
  const auto now = base::Clock::now();
  watched.schedule.broke(now);
  const auto pause = std::chrono::duration_cast<base::Milliseconds>(*watched.schedule.due() - now);
  logWarning("lab " + lab + ": " + reason + "; healing it in " +
             std::to_string(std::max<base::Milliseconds::rep>(pause.count(), 0)) + " ms");
}

void Supervisor::openEars() {
  if (!engine_.options().heal) {
    return;
  }
  auto changes = kernel::ChangeWatch::open(engine_.options().netnsDir);
  auto heard = changes ? changes->listen(kernel::ChangeWatch::Neighbours::kIgnored) : base::fail(changes.error());
  auto pins = kernel::PinWatch::open(engine_.options().netnsDir);
  if (!heard || !pins) {
    logError("--heal: what others change will not be seen: " + (heard ? pins.error() : heard.error()).message());
    return;
  }
  ears_.emplace(Ears{std::move(*changes), std::move(*pins)});
}

// Its namespaces may be others than before. What has changed until now was not heard: it is looked at.
void Supervisor::follow(const std::string& lab) {
  if (!ears_) {
    return;
  }
  const auto warn = [&](const base::Error& error) { logWarning("lab " + lab + ": --heal: " + error.message()); };
  if (const auto followed = ears_->changes.follow(lab); !followed) {
    warn(followed.error());
  }
  if (const auto followed = ears_->pins.follow(lab); !followed) {
    warn(followed.error());
  }
  watched_[lab].lookAt = base::Clock::now() + kLookAfter;
}

void Supervisor::noteChanges() {
  if (!ears_) {
    return;
  }
  const auto changes = ears_->changes.changed();
  const auto lostPins = ears_->pins.changed();
  for (auto& [lab, watched] : watched_) {
    if ((changes.lostCount || changes.nodes.contains(lab) || lostPins.contains(lab)) && !watched.lookAt) {
      watched.lookAt = std::max(base::Clock::now() + kLookAfter, watched.looked + kLookPause);
    }
  }
}

void Supervisor::look(const std::string& lab, Watched& watched) {
  const auto now = base::Clock::now();
  if (!engine_.registry().holder(lab).empty()) {
    watched.lookAt = now + kLookPause;  // somebody works on it: what was heard is not forgotten meanwhile
    return;
  }
  watched.lookAt.reset();
  watched.looked = now;
  OwnSession session([this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  });
  const auto final = resultOf([&] { return driftLab(engine_, lab, session); });
  endIfDue(engine_);
  if (final.exit == api::Exit::kDifferences && !watched.schedule.due()) {
    broke(lab, watched, "it is not what was applied any more");
  }
  if (final.exit == api::Exit::kFailed) {
    // It could not be told. A lab that is not known any more was taken down meanwhile.
    if (const auto stored = engine_.store().load(lab); !stored || *stored) {
      watched.lookAt = base::Clock::now() + kLookAgain;
    }
  }
}

void Supervisor::heal(const std::string& lab, Watched& watched) {
  watched.schedule.begin(base::Clock::now());
  OwnSession session([this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  });
  const auto final = resultOf([&] { return healLab(engine_, lab, session); });
  endIfDue(engine_);
  if (final.exit == api::Exit::kOk) {
    logInfo("lab " + lab + ": healed");
    follow(lab);
  } else {
    for (const auto& error : final.errors) {
      logError("lab " + lab + ": heal: " + error);
    }
    // A lab that is not known any more was taken down meanwhile.
    if (const auto stored = engine_.store().load(lab); !stored || *stored) {
      watched.schedule.failed(base::Clock::now());
    }
  }
  if (!watched.watcher) {
    connect(lab, watched);
  }
}

void Supervisor::run() {
  openEars();
  while (takeOrders()) {
    std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}};
    if (ears_) {
      for (const int fd : ears_->changes.fds()) {
        entries.push_back({fd, POLLIN, 0});
      }
      entries.push_back({ears_->pins.fd(), POLLIN, 0});
    }
    std::vector<std::string> names(entries.size());
    std::optional<base::Clock::time_point> next;
    for (const auto& [lab, watched] : watched_) {
      if (watched.watcher) {
        entries.push_back({watched.watcher->fd(), POLLIN, 0});
        names.push_back(lab);
      }
      if (const auto due = watched.next(); due && (!next || *due < *next)) {
        next = due;
      }
    }
    const int timeout = next ? base::Deadline::at(*next).pollTimeout() : -1;
    const int ready = ::poll(entries.data(), entries.size(), timeout);
    // Orders first: the keeper of a lab that is being taken down ends too, and that is no reason to heal it.
    if (!takeOrders()) {
      return;
    }
    for (std::size_t i = 1; ready > 0 && i < entries.size(); ++i) {
      const auto it = watched_.find(names[i]);
      if (entries[i].revents != 0 && it != watched_.end() && it->second.watcher) {
        listen(it->first, it->second);
      }
    }
    noteChanges();
    for (auto& [lab, watched] : watched_) {
      if (watched.lookAt && *watched.lookAt <= base::Clock::now()) {
        look(lab, watched);
      }
      if (watched.schedule.isDue(base::Clock::now())) {
        heal(lab, watched);
      }
    }
  }
}

}  // namespace vpclab::daemon
