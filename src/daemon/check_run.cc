#include "daemon/check_run.h"

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "check/probe_client.h"
#include "check/runner.h"
#include "daemon/check_specs.h"
#include "daemon/finals.h"
#include "daemon/lab_port.h"
#include "daemon/log.h"
#include "daemon/matrix_check.h"
#include "daemon/operations.h"
#include "daemon/stop_watch.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

// What the kernel has of a lab, for how patient its checks have to be: of queues it tells, so that what is remembered
// of a large lab will do.
state::State seenOf(Engine& engine, const Desired& desired) {
  const std::string& lab = desired.lab.name;
  auto observed = engine.system().observe(lab, nullptr, kernel::Memory::kUse);
  if (!observed) {
    logWarning("lab " + lab +
               ": what its lines do could not be seen, and is taken from the file: " + observed.error().message());
    return desired.compiled.desired;
  }
  engine.system().remember(lab, *observed);
  return std::move(*observed);
}

}  // namespace

api::Final runChecks(Engine& engine, const Desired& desired, const state::State& observed, const CheckOutput& output,
                     json data, Session& session) {
  const std::string& lab = desired.lab.name;
  const auto specs = checkSpecs(desired, observed);
  check::Report report;
  report.lab = lab;
  if (!specs.empty()) {
    auto probes = check::ProbeClient::start({engine.options().workerProgram});
    if (!probes) {
      auto final = failed(base::Error(probes.error()).context("lab " + lab + ": run the checks"));
      final.data = api::dumpJson(data);  // lists of it may have gone ahead
      return final;
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
  if (output.junit) {
    data["junit"] = check::toJunit(report);
  }
  if (specs.empty()) {
    session.send(api::TextLine{"No checks."});
  } else {
    sendText(session, check::toText(report, output.colours));
  }
  const auto failedChecks = report.count(check::Outcome::kFailed);
  const auto cancelled = report.count(check::Outcome::kCancelled);
  logInfo("lab " + lab + ": " + std::to_string(specs.size()) + " checks, " + std::to_string(failedChecks) + " failed");
  auto final = finalOf(verdictOf(failedChecks, cancelled), data);
  if (failedChecks != 0) {
    final.errors.push_back(std::to_string(failedChecks) + " of " + std::to_string(specs.size()) + " checks failed");
  }
  if (cancelled != 0) {
    final.errors.push_back("stopped on request: " + std::to_string(cancelled) + " checks have no result; lab " + lab +
                           " is up as applied");
  }
  return final;
}

api::Final checkLab(Engine& engine, const api::CheckRequest& request, Session& session) {
  auto lab = engine.pickLab(request.lab);
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
  const CheckOutput output{request.colours, request.junit};
  const state::State observed = seenOf(engine, stored->desired);
  return request.matrix ? checkMatrix(engine, stored->desired, observed, output, session)
                        : runChecks(engine, stored->desired, observed, output, json{{"lab", *lab}}, session);
}

}  // namespace vpclab::daemon
