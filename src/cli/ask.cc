#include "cli/ask.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "cli/daemon_start.h"
#include "cli/finish.h"
#include "cli/terminal.h"

namespace vpclab::cli {

namespace {

constexpr std::chrono::seconds kConnectTime{5};
constexpr int kStartPause = 50;  // milliseconds
constexpr std::chrono::seconds kDaemonEndTime{10};
constexpr int kInterruptedStatus = 130;  // as shells tell SIGINT: 128 + 2

// The client that Ctrl-C stops; only async-signal-safe calls are made on it.
std::atomic<const api::Client*> interruptible{nullptr};
static_assert(std::atomic<const api::Client*>::is_always_lock_free);
// AskOptions::follows, for the handler.
std::atomic<bool> followed{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void onInterrupt(int) {
  const api::Client* client = interruptible.exchange(nullptr);
  if (client == nullptr) {
    ::_exit(kInterruptedStatus);
  }
  client->stop();
  if (!followed.load()) {
    constexpr std::string_view kSaid = "\nvpclab: stopping after the current step; Ctrl-C again leaves at once\n";
    (void)!::write(STDERR_FILENO, kSaid.data(), kSaid.size());
  }
}

class InterruptScope {
 public:
  InterruptScope(const api::Client& client, bool follows) {
    followed.store(follows);
    interruptible.store(&client);
    struct sigaction action {};
    action.sa_handler = onInterrupt;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    (void)::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptScope() {
    (void)::sigaction(SIGINT, &before_, nullptr);
    interruptible.store(nullptr);
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  struct sigaction before_ {};
};

// "2026-11-25T08:31:07.123Z hello change: create veth s1/eth0: missing: done"
std::string lineOf(const api::Happening& happening) {
  std::string out = happening.time + (happening.lab.empty() ? "" : " " + happening.lab) + " " + happening.what;
  const std::string_view what = happening.what;
  if (what == "begun" || what == "settled" || what == "failed" || what == "missed") {
    out += " " + happening.action + (happening.action.empty() ? "" : ", ") + std::to_string(happening.count) +
           (what == "missed"       ? " events"
            : happening.count == 1 ? " change"
                                   : " changes");
  } else if (what == "change") {
    out += " " + happening.action + " " + happening.object;
  } else {
    out += (happening.object.empty() ? "" : " " + happening.object) +
           (happening.action.empty() || happening.action == what ? "" : " " + happening.action);
  }
  for (const auto* more : {&happening.reason, &happening.result}) {
    out += more->empty() ? "" : ": " + *more;
  }
  return base::printable(out);
}

class Presenter {
 public:
  Presenter(const Context& context, const AskOptions& options, const api::Client& client)
      : context_(context), options_(options), client_(client) {}

  void operator()(const api::Event& event) {
    std::visit([this](const auto& e) { show(e); }, event);
  }
  // `final`: how it ended, if that is known.
  void end(const api::Final* final) {
    line_.clear();
    if (final != nullptr) {
      tellApplied(*final);
    }
  }
  const std::vector<std::string>& planLines() const { return planLines_; }

 private:
  void show(const api::Heading& heading) {
    if (!context_.json && !heading.text.empty()) {
      print(bold(heading.text, STDOUT_FILENO));
    }
  }
  void show(const api::PlanEvent& plan) {
    planLines_.insert(planLines_.end(), plan.lines.begin(), plan.lines.end());
    if (context_.json) {
      return;
    }
    const bool all = options_.planDetail == PlanDetail::kSteps;
    for (std::size_t i = all || plan.lines.empty() ? 0 : plan.lines.size() - 1; i < plan.lines.size(); ++i) {
      print(plan.lines[i]);
    }
  }
  void show(const api::Progress& progress) {
    const bool applying = progress.phase == "apply";
    // Another round, or the checks: they begin only where all went well so far.
    if (applying || progress.phase == "check") {
      tellApplied();
    }
    line_.show(progress.phase, progress.done, progress.total);
    if (applying && progress.done == progress.total) {
      const auto elapsed =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
      applied_ = Applied{progress.total, elapsed.count()};
    }
  }
  void show(const api::TextLine& text) {
    tellApplied();
    if (!context_.json) {
      print(text.text);
    }
  }
  void show(const api::Happening& happening) {
    print(options_.lines && context_.json ? api::encodeEvent(happening) : lineOf(happening));
  }
  void show(const api::Items&) {}
  void show(const api::Final&) {}

  // Held back until it is known whether the changes went well: the progress counts those that were tried.
  void tellApplied() {
    if (const auto applied = std::exchange(applied_, std::nullopt); applied && !context_.json) {
      print("Applied " + std::to_string(applied->changes) + (applied->changes == 1 ? " change in " : " changes in ") +
            std::to_string(applied->milliseconds) + " ms.");
    }
  }
  void tellApplied(const api::Final& final) {
    const auto data = nlohmann::json::parse(final.data, nullptr, false);
    const auto failure = data.find("failure");
    if (failure == data.end() || !failure->is_object()) {
      return tellApplied();
    }
    const auto applied = std::exchange(applied_, std::nullopt);
    std::int64_t all = 0;
    for (const char* outcome : {"done", "failed", "left_out"}) {
      const auto count = failure->find(outcome);
      if (count == failure->end() || !count->is_number_unsigned()) {
        return;
      }
      all += count->get<std::int64_t>();
    }
    if (applied && !context_.json) {
      print("Applied " + std::to_string(failure->at("done").get<std::int64_t>()) + " of " + std::to_string(all) +
            (all == 1 ? " change in " : " changes in ") + std::to_string(applied->milliseconds) + " ms.");
    }
  }

  void print(const std::string& text) {
    line_.clear();
    std::puts(text.c_str());
    // What nobody can read any more would go on for ever where SIGPIPE is ignored, as it is below some programs.
    if (std::fflush(stdout) != 0 && options_.follows) {
      client_.stop();
    }
  }

  const Context& context_;
  const AskOptions& options_;
  const api::Client& client_;
  struct Applied {
    std::int64_t changes = 0;
    std::int64_t milliseconds = 0;
  };

  ProgressLine line_;
  std::optional<Applied> applied_;
  std::vector<std::string> planLines_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int end(const Context& context, const AskOptions& options, const api::Final& final) {
  if (!options.lines || !context.json) {
    return finish(context, final);
  }
  std::puts(api::encodeEvent(final).c_str());
  return static_cast<int>(final.exit);
}

void printProfile(const nlohmann::json& data) {
  const auto phases = data.find("profile");
  if (phases == data.end() || !phases->is_array()) {
    return;
  }
  std::printf("%-40s %8s %10s\n", "Phase", "Objects", "ms");
  for (const auto& entry : *phases) {
    api::JsonReader phase(entry, "phase");
    std::string name;
    std::int64_t objects = 0;
    phase.take("phase", name).take("objects", objects, 0, INT64_MAX);
    const auto* took = phase.member("ms");
    if (phase.ok() && took->is_number()) {
      std::printf("%-40s %8s %10.1f\n", base::printable(name).c_str(),
                  objects == 0 ? "" : std::to_string(objects).c_str(), took->get<double>());
    }
  }
}

void printKinds(const nlohmann::json& data) {
  const auto kinds = data.find("profile_kinds");
  if (kinds == data.end() || !kinds->is_array()) {
    return;
  }
  std::printf("\n%-12s %10s %8s %12s    threads work at once: their times are added up\n", "Kind", "read, ms",
              "Changes", "changed, ms");
  for (const auto& entry : *kinds) {
    api::JsonReader kind(entry, "kind");
    std::string name;
    std::int64_t changes = 0;
    kind.take("kind", name).take("changes", changes, 0, INT64_MAX);
    const auto* read = kind.member("read_ms");
    const auto* changed = kind.member("change_ms");
    if (kind.ok() && read->is_number() && changed->is_number()) {
      std::printf("%-12s %10.1f %8s %12.1f\n", base::printable(name).c_str(), read->get<double>(),
                  changes == 0 ? "" : std::to_string(changes).c_str(), changed->get<double>());
    }
  }
}

// Until nothing of it is left, so that what comes next finds a clean machine.
void waitForEnd(int pidfd) {
  pollfd entry{pidfd, POLLIN, 0};
  const auto deadline = base::Deadline::after(kDaemonEndTime);
  while (pidfd >= 0 && ::poll(&entry, 1, deadline.pollTimeout()) < 0 && errno == EINTR) {
  }
}

}  // namespace

base::Result<api::Client> connectToDaemon(const Context& context, bool start) {
  const auto deadline = base::Deadline::after(kConnectTime);
  auto client = api::Client::connect(context.runDir, deadline);
  if (client || client.error().kind() != base::ErrorKind::kNotFound) {
    return client;
  }
  if (!start) {
    return base::fail(base::ErrorKind::kNotFound,
                      client.error().message() + "; start one: sudo " + programBeside("vpclabd") + " --daemonize" +
                          (context.runDir == api::kDefaultRunDir ? std::string() : " --run-dir " + context.runDir));
  }
  auto started = startDaemon(context.runDir);
  for (;;) {
    client = api::Client::connect(context.runDir, deadline);
    if (client || client.error().kind() != base::ErrorKind::kNotFound || started || deadline.passed()) {
      break;
    }
    // Somebody else may be starting one at this moment, which is why ours could not serve.
    ::poll(nullptr, 0, kStartPause);
  }
  if (!client && !started) {
    return base::fail(std::move(started.error()));
  }
  return client;
}

namespace {

// The daemon was about to end with its last lab, and another one is to be started where none runs.
bool isForNext(const nlohmann::json& data, const AskOptions& options) {
  const auto begun = data.find("begun");
  return options.startDaemon && begun != data.end() && *begun == false;
}

int askOnce(const Context& context, const api::Request& request, const AskOptions& options, bool mayRepeat,
            bool& repeat) {
  auto client = connectToDaemon(context, false);
  if (!client && options.mistakes) {
    if (auto mistakes = options.mistakes(); !mistakes.empty()) {
      return end(context, options, api::Final{api::Exit::kBadInput, {}, std::move(mistakes), "{}"});
    }
  }
  if (!client && options.startDaemon) {
    client = connectToDaemon(context, true);
  }
  if (!client) {
    return end(context, options, finalOf(client.error()));
  }
  const base::UniqueFd daemon(static_cast<int>(::syscall(SYS_pidfd_open, client->daemonPid(), 0U)));
  Presenter presenter(context, options, *client);
  const auto final = [&] {
    const InterruptScope scope(*client, options.follows);
    return client->call(request, std::ref(presenter));
  }();
  presenter.end(final ? &*final : nullptr);
  if (!final) {
    return end(context, options, finalOf(base::Error(final.error()).context("ask the daemon")));
  }
  const auto data = nlohmann::json::parse(final->data, nullptr, false);
  const auto ends = data.find("daemon_ends");
  if (ends != data.end() && *ends == true) {
    waitForEnd(daemon.get());
  }
  repeat = mayRepeat && isForNext(data, options);
  if (repeat) {
    return 0;
  }
  if (options.onFinal) {
    if (auto done = options.onFinal(*final, presenter.planLines()); !done) {
      return finish(context, done.error());
    }
  }
  if (options.profile && !context.json) {
    printProfile(data);
    printKinds(data);
  }
  return end(context, options, *final);
}

}  // namespace

int ask(const Context& context, const api::Request& request, const AskOptions& options) {
  constexpr int kTimes = 5;  // others may be taking labs down all the time
  for (int left = kTimes;;) {
    bool repeat = false;
    const int status = askOnce(context, request, options, --left > 0, repeat);
    if (!repeat) {
      return status;
    }
  }
}

base::Result<std::string> askQuietly(const Context& context, const api::Request& request) {
  auto client = connectToDaemon(context, false);
  if (!client) {
    return base::fail(std::move(client.error()));
  }
  auto final = client->call(request, {});
  if (!final) {
    return base::fail(std::move(final.error()).context("ask the daemon"));
  }
  if (final->exit != api::Exit::kOk) {
    const auto kind = final->exit == api::Exit::kBadInput ? base::ErrorKind::kInvalid : base::ErrorKind::kNotFound;
    return base::fail(kind, final->errors.empty() ? "the daemon could not answer" : final->errors.front());
  }
  return std::move(final->data);
}

}  // namespace vpclab::cli
