#include "daemon/early_look.h"

#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "lab/load.h"

namespace vpclab::daemon {

namespace {

// On a thread of its own, where there is one to be had.
template <class Work>
auto besides(Work work) {
  try {
    return std::async(std::launch::async, work);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, work);
  }
}

}  // namespace

EarlyLook::EarlyLook(Engine& engine, TimedKernel& kernel, const api::Bundle& bundle, std::string verb,
                     const Session& session)
    : engine_(engine), kernel_(kernel), verb_(std::move(verb)), session_(session) {
  const auto file = bundle.files.find(bundle.path);
  const std::string lab = file == bundle.files.end() ? "" : lab::nameAhead(file->second);
  if (!isLabName(lab)) {
    return;
  }
  if (auto hold = engine_.registry().acquire(lab, verb_, session_.peer().pid, base::Deadline::after({}))) {
    look(lab, std::move(*hold));
  }
}

EarlyLook::~EarlyLook() {
  drop();
}

void EarlyLook::drop() {
  dropped_ = true;
  try {
    if (observed_.valid() && observed_.wait_for(std::chrono::seconds(0)) != std::future_status::deferred) {
      if (auto observed = observed_.get()) {
        engine_.system().remember(lab_, std::move(*observed));
      }
    }
  } catch (const std::exception&) {
    // Nobody has asked for it; who does is told.
  }
  observed_ = {};
  stored_ = {};
  hold_.reset();
}

void EarlyLook::look(std::string lab, Registry::Hold hold) {
  lab_ = std::move(lab);
  hold_.emplace(std::move(hold));
  dropped_ = false;
  stored_ = besides([this] { return engine_.store().load(lab_); });
  observed_ = besides(
      [this] { return kernel_.observe(lab_, [this] { return !dropped_ || !engine_.registry().isAwaited(lab_); }); });
}

base::Result<> EarlyLook::begin(const std::string& lab) {
  if (hold_ && lab == lab_) {
    return {};
  }
  drop();
  auto hold = engine_.hold(lab, verb_, session_);
  if (!hold) {
    return base::fail(std::move(hold.error()));
  }
  look(lab, std::move(*hold));
  return {};
}

base::Result<std::optional<StoredLab>> EarlyLook::stored() {
  return stored_.get();
}

base::Result<state::State> EarlyLook::observed() {
  return observed_.get();
}

}  // namespace vpclab::daemon
