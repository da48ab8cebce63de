#include "kernel/processes.h"

#include <system_error>

namespace vpclab::kernel {

namespace {

constexpr base::Milliseconds kEarlyStart{10'000};

}  // namespace

void Keepers::startEarly(const std::string& lab) {
  const std::lock_guard lock(earlyMutex_);
  // Waits for an earlier one, which is as a rule done long ago.
  try {
    early_ = std::async(std::launch::async,
                        [this, lab] { static_cast<void>(connect(lab, base::Deadline::after(kEarlyStart))); });
  } catch (const std::system_error&) {
    // No thread to be had: connect() starts it when it is needed.
  }
}

void Keepers::settle(base::Deadline deadline) {
  const std::lock_guard lock(earlyMutex_);
  if (early_.valid()) {
    early_.wait_until(deadline.when());
  }
}

base::Result<keeper::Client> Keepers::connect(const std::string& lab, base::Deadline deadline) {
  if (auto running = find(lab, deadline); running || running.error().kind() != base::ErrorKind::kNotFound) {
    return running;
  }
  const std::unique_lock lock(starting_, deadline.when());
  if (!lock) {
    return base::fail(base::ErrorKind::kTimeout, "keeper of lab " + lab + ": another one is being started");
  }
  keeper::Launch launch;
  launch.program = options_.keeperProgram;
  launch.netnsDir = options_.netnsDir;
  return keeper::Client::ensure({options_.runDir, lab}, launch, deadline);
}

base::Result<keeper::Client> Keepers::find(const std::string& lab, base::Deadline deadline) const {
  return keeper::Client::connect({options_.runDir, lab}, deadline);
}

base::Result<> Keepers::execute(const std::string& lab, const plan::Step& step, base::Deadline deadline) {
  if (step.action == plan::Action::kDelete) {
    auto keeper = find(lab, deadline);
    if (!keeper) {
      return keeper.error().kind() == base::ErrorKind::kNotFound ? base::Result<>()
                                                                 : base::fail(std::move(keeper.error()));
    }
    const auto& process = std::get<state::Process>(*step.before);
    return keeper->remove(process.netns, process.name, deadline);
  }
  auto keeper = connect(lab, deadline);
  if (!keeper) {
    return base::fail(std::move(keeper.error()));
  }
  return keeper->put(std::get<state::Process>(*step.after), deadline);
}

base::Result<keeper::Listing> Keepers::list(const std::string& lab, base::Deadline deadline) const {
  auto keeper = find(lab, deadline);
  if (!keeper) {
    return keeper.error().kind() == base::ErrorKind::kNotFound ? base::Result<keeper::Listing>(keeper::Listing{})
                                                               : base::fail(std::move(keeper.error()));
  }
  return keeper->list(deadline);
}

}  // namespace vpclab::kernel
