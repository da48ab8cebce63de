#include "daemon/journal.h"

#include "daemon/log.h"
#include "daemon/settle.h"

namespace vpclab::daemon {

namespace {

std::string whoIs(const Peer& peer) {
  return peer.pid == 0 ? "the daemon itself" : "pid " + std::to_string(peer.pid);
}

std::string firstOf(const std::vector<std::string>& errors) {
  return errors.empty() ? std::string() : errors.front();
}

double secondsSince(base::Clock::time_point begun) {
  return std::chrono::duration<double>(base::Clock::now() - begun).count();
}

const char* nameOf(keeper::RunState state) {
  switch (state) {
    case keeper::RunState::kStarting:
      return "starting";
    case keeper::RunState::kRunning:
      return "running";
    case keeper::RunState::kBackOff:
      return "ended";
    case keeper::RunState::kExited:
      return "exited";
  }
  return "unknown";
}

}  // namespace

Journal::Work::Work(Journal& journal, std::string lab, std::string verb, const Peer& by, std::size_t changes)
    : journal_(journal), lab_(std::move(lab)), verb_(std::move(verb)) {
  api::Happening happening;
  happening.lab = lab_;
  happening.what = "begun";
  happening.action = verb_;
  happening.reason = "by " + whoIs(by);
  happening.count = static_cast<std::int64_t>(changes);
  journal_.events_.publish(std::move(happening));
}

// There are ten thousands of them in a large lab: a write to the log for each would take longer than what it tells of.
void Journal::Work::done(std::span<const plan::StepReport> steps) {
  const LogBurst burst;
  for (const auto& step : steps) {
    done(step);
  }
}

void Journal::Work::done(const plan::StepReport& step) {
  const std::string what = describeStep(*step.step);
  std::string result = "done";
  const std::string line =
      "lab " + lab_ + ": " + (verb_ == "link set" ? "link set: " : "") + what + ": " + step.step->reason;
  switch (step.outcome) {
    case plan::Outcome::kDone:
      ++done_;
      logInfo(line);
      break;
    case plan::Outcome::kFailed:
      result = "failed" + (step.error ? ": " + step.error->message() : std::string());
      logError(line + ": " + result);
      break;
    case plan::Outcome::kSkipped:
      result = "skipped because of " + step.skippedBecause;
      logWarning(line + ": " + result);
      break;
  }
  journal_.tally_.changed(step.step->key.kind, step.step->action, step.outcome);
  if (!journal_.events_.isFollowed()) {
    return;
  }
  api::Happening happening;
  happening.lab = lab_;
  happening.what = "change";
  happening.object = step.step->key.toString();
  happening.action = std::string(plan::nameOf(step.step->action));
  happening.reason = step.step->reason;
  happening.result = std::move(result);
  journal_.events_.publish(std::move(happening));
}

void Journal::Work::ended(const std::vector<std::string>& errors) {
  journal_.tally_.operated(verb_, errors.empty() ? "settled" : "failed", secondsSince(begun_));
  api::Happening happening;
  happening.lab = lab_;
  happening.what = errors.empty() ? "settled" : "failed";
  happening.action = verb_;
  happening.result = errors.empty() ? "done" : firstOf(errors);
  happening.count = done_;
  journal_.events_.publish(std::move(happening));
}

void Journal::refused(const std::string& lab, const std::string& verb, const std::vector<std::string>& errors) {
  tally_.operated(verb, "refused", 0);
  api::Happening happening;
  happening.lab = lab;
  happening.what = "failed";
  happening.action = verb;
  happening.result = firstOf(errors);
  events_.publish(std::move(happening));
}

void Journal::down(const std::string& lab, const Peer& by, const std::vector<std::string>& errors,
                   base::Milliseconds took) {
  tally_.operated("down", errors.empty() ? "settled" : "failed", std::chrono::duration<double>(took).count());
  for (const auto& error : errors) {
    logError("lab " + lab + ": down: " + error);
  }
  api::Happening happening;
  happening.lab = lab;
  happening.what = errors.empty() ? "down" : "failed";
  happening.action = "down";
  happening.reason = "by " + whoIs(by);
  happening.result = errors.empty() ? "done" : firstOf(errors);
  events_.publish(std::move(happening));
}

void Journal::process(const std::string& lab, const keeper::Event& event) {
  const std::string object =
      (event.tunnel ? "tunnel " : "process ") + event.name + (event.netns.empty() ? "" : " of " + event.netns);
  logInfo("lab " + lab + ": " + object + ": " + nameOf(event.state) +
          (event.lastExit.empty() ? "" : ", " + event.lastExit));
  tally_.processWas(nameOf(event.state));
  api::Happening happening;
  happening.lab = lab;
  happening.what = "process";
  happening.object = object;
  happening.action = nameOf(event.state);
  happening.reason = event.lastExit;
  events_.publish(std::move(happening));
}

void Journal::keeperGone(const std::string& lab, const std::string& how) {
  tally_.processWas("exited");
  api::Happening happening;
  happening.lab = lab;
  happening.what = "process";
  happening.object = "keeper";
  happening.action = "exited";
  happening.reason = how;
  events_.publish(std::move(happening));
}

}  // namespace vpclab::daemon
