#include "daemon/check_run.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

#include "check/probe_client.h"
#include "check/runner.h"
#include "daemon/check_specs.h"
#include "daemon/finals.h"
#include "daemon/lab_port.h"
#include "daemon/log.h"
#include "daemon/operations.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

// How soon running checks hear that their client wants no more.
constexpr std::chrono::milliseconds kStopLag{100};

// Watches the session while the checks run in the calling thread.
class StopWatch {
 public:
  explicit StopWatch(Session& session)
      : thread_([this, &session](const std::stop_token& ended) {
          std::unique_lock lock(mutex_);
          while (!wake_.wait_for(lock, ended, kStopLag, [&] { return ended.stop_requested(); })) {
            if (session.stopped()) {
              stop_.request_stop();
              return;
            }
          }
        }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace

api::Final runChecks(Engine& engine, const Desired& desired, bool colours, json data, Session& session) {
  const std::string& lab = desired.lab.name;
  const auto specs = checkSpecs(desired);
  check::Report report;
  report.lab = lab;
  if (!specs.empty()) {
    auto probes = check::ProbeClient::start({engine.options().workerProgram});
    if (!probes) {
      return failed(base::Error(probes.error()).context("lab " + lab + ": run the checks"));
    }
    RunningLab running(engine, lab);
    const StopWatch watch(session);
    check::RunOptions options;
    options.lab = lab;
    options.stop = watch.token();
    options.progress = [&](const check::CheckResult&, std::size_t finished, std::size_t total) {
      session.send(api::Progress{"check", static_cast<std::int64_t>(finished), static_cast<std::int64_t>(total)});
    };
    report = check::runChecks(specs, running, *probes, options);
  }
  data["checks"] = check::toJson(report);
  if (specs.empty()) {
    session.send(api::TextLine{"No checks."});
  } else {
    sendText(session, check::toText(report, colours));
  }
  const auto failedChecks = report.count(check::Outcome::kFailed);
  const auto cancelled = report.count(check::Outcome::kCancelled);
  logInfo("lab " + lab + ": " + std::to_string(specs.size()) + " checks, " + std::to_string(failedChecks) + " failed");
  auto final = finalOf(report.passed() ? api::Exit::kOk : api::Exit::kCheckFailed, data);
  if (failedChecks != 0) {
    final.errors.push_back(std::to_string(failedChecks) + " of " + std::to_string(specs.size()) + " checks failed");
  }
  if (cancelled != 0) {
    final.errors.push_back("stopped on request: " + std::to_string(cancelled) + " checks have no result; lab " + lab +
                           " is up as applied");
  }
  return final;
}

api::Final checkLab(Engine& engine, const std::string& wanted, bool colours, Session& session) {
  auto lab = engine.pickLab(wanted);
  if (!lab) {
    return failed(lab.error());
  }
  auto hold = engine.hold(*lab, "check", session);
  if (!hold) {
    return failed(hold.error());
  }
  auto stored = engine.loadStored(*lab);
  if (!stored) {
    return failed(stored.error());
  }
  return runChecks(engine, stored->desired, colours, json{{"lab", *lab}}, session);
}

}  // namespace vpclab::daemon
