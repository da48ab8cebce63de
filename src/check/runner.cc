#include "check/runner.h"

#include <algorithm>
#include <array>
#include <deque>
#include <list>
#include <set>
#include <tuple>

#include "base/clock.h"
#include "base/text.h"
#include "check/expect.h"
#include "check/patience.h"
#include "check/procedure.h"
#include "check/random.h"

namespace vpclab::check {

namespace {

using base::Deadline;
using std::chrono::milliseconds;
using TimePoint = base::Clock::time_point;

constexpr std::size_t kMaxActive = 64;  // checks at once; bounds descriptors and the load on the lab
constexpr milliseconds kPause{25};      // between two rounds of a check that waits for a state
constexpr milliseconds kLeastRound{250};
constexpr milliseconds kStopPoll{50};  // how long a request to stop may go unseen
constexpr milliseconds kSendTime{10'000};
constexpr milliseconds kWorkerGrace{20'000};  // beyond its own deadlines, until a worker counts as hung

struct Active {
  const CheckSpec* spec = nullptr;
  CheckResult result;
  std::unique_ptr<Procedure> procedure;
  Deadline deadline = Deadline::after(milliseconds(0));
  TimePoint started;
  TimePoint nextRound;  // where no round is in progress
  TimePoint giveUp;     // of the round in progress
  std::vector<Job> jobs;
  std::vector<std::optional<Reply>> replies;
  std::uint64_t firstNumber = 0;
  std::size_t missing = 0;  // replies; 0: no round in progress
};

std::pair<std::string, std::string> endsOf(const CheckSpec& check) {
  if (const auto* ping = std::get_if<PingSpec>(&check.what)) {
    return {ping->from.title, ping->to.title};
  }
  if (const auto* path = std::get_if<PathSpec>(&check.what)) {
    return {path->from.title, path->to.title};
  }
  if (const auto* backend = std::get_if<BackendSpec>(&check.what)) {
    return {backend->loadBalancerTitle, backend->backendTitle};
  }
  if (const auto* stream = std::get_if<ThroughputSpec>(&check.what)) {
    return {stream->from.title, stream->to.title};
  }
  if (const auto* loss = std::get_if<LossSpec>(&check.what)) {
    return {loss->from.title, loss->to.title};
  }
  if (const auto* tunnel = std::get_if<TunnelSpec>(&check.what)) {
    std::vector<std::string> titles;
    for (const auto& [id, title] : tunnel->peers) {
      titles.push_back(title);
    }
    return {tunnel->accessPointTitle, base::join(titles, ", ")};
  }
  const auto& http = std::get<HttpSpec>(check.what);
  return {http.from.title, http.url};
}

CheckResult emptyResult(const CheckSpec& check, std::size_t index) {
  static constexpr std::array<const char*, 7> kKinds{"ping", "path", "backend", "http", "throughput", "loss", "tunnel"};
  CheckResult out;
  out.index = index;
  out.title = check.title;
  out.kind = kKinds.at(check.what.index());
  out.pos = check.pos;
  std::tie(out.from, out.to) = endsOf(check);
  out.expected = expectedText(check);
  return out;
}

std::string groupOf(const CheckSpec& check) {
  const auto* http = std::get_if<HttpSpec>(&check.what);
  return http == nullptr ? std::string() : http->serialGroup;
}

class Run {
 public:
  Run(const std::vector<CheckSpec>& checks, LabPort& lab, ProbePort& probes, const RunOptions& options)
      : checks_(checks), lab_(lab), probes_(probes), options_(options) {
    report_.lab = options.lab;
    for (std::size_t i = 0; i < checks.size(); ++i) {
      pending_.push_back(i);
      report_.results.push_back(emptyResult(checks[i], i));
    }
  }

  Report run() {
    while (finished_ < checks_.size()) {
      if (options_.stop.stop_requested()) {
        endAll(Outcome::kCancelled, "stopped before there was a result");
        break;
      }
      startPending();
      beginRounds();
      if (finished_ < checks_.size()) {
        receive();
      }
    }
    return std::move(report_);
  }

 private:
  void startPending() {
    if (!active_.empty() && active_.front().spec->exclusive()) {
      return;
    }
    const bool measuring =
        std::all_of(pending_.begin(), pending_.end(), [&](std::size_t i) { return checks_[i].exclusive(); });
    for (auto next = pending_.begin(); next != pending_.end() && active_.size() < kMaxActive;) {
      const CheckSpec& spec = checks_[*next];
      if (measuring && !active_.empty()) {
        return;  // one at a time, when all others are done
      }
      if (!measuring && spec.exclusive()) {
        ++next;
        continue;
      }
      const std::string group = groupOf(spec);
      if (!group.empty() && !busyGroups_.insert(group).second) {
        ++next;
        continue;
      }
      Active& check = active_.emplace_back();
      check.spec = &spec;
      check.result = report_.results[*next];
      check.procedure = makeProcedure(spec);
      check.started = check.nextRound = base::Clock::now();
      check.deadline = Deadline::at(check.started + spec.within);
      next = pending_.erase(next);
    }
  }

  void beginRounds() {
    for (auto check = active_.begin(); check != active_.end();) {
      const bool due = check->missing == 0 && check->nextRound <= base::Clock::now();
      const bool hung = check->missing > 0 && check->giveUp <= base::Clock::now();
      bool done = false;
      if (due) {
        done = begin(*check);
      } else if (hung) {
        fail(*check, "cannot tell: the probe worker does not answer");
        done = true;
      }
      check = done ? finish(check) : std::next(check);
    }
  }

  // True: the check is done.
  bool begin(Active& check) {
    if (!broken_.empty()) {
      fail(check, broken_);
      return true;
    }
    const milliseconds left = std::max(check.deadline.left(), milliseconds(1));
    Round round = check.procedure->next(left);
    check.jobs = std::move(round.jobs);
    check.replies.assign(check.jobs.size(), std::nullopt);
    check.missing = check.jobs.size();
    if (check.missing == 0) {
      return judge(check);
    }
    std::vector<base::UniqueFd> sockets;
    for (const SocketWish& wish : round.sockets) {
      auto socket = lab_.openSocket(wish.node, wish.kind);
      if (!socket) {
        fail(check, "cannot tell: " + socket.error().message());
        return true;
      }
      sockets.push_back(std::move(*socket));
    }
    check.firstNumber = number_;
    std::vector<NumberedJob> jobs;
    for (const Job& job : check.jobs) {
      jobs.push_back({number_++, withPatience(job, check.spec->roundTrip)});
    }
    check.giveUp =
        base::Clock::now() + std::max(left, round.takes) + longestPatience(check.spec->roundTrip) + kWorkerGrace;
    const auto sent = probes_.submit(jobs, std::move(sockets), Deadline::after(kSendTime));
    if (!sent) {
      broken_ = "cannot tell: " + sent.error().message();
      fail(check, broken_);
      return true;
    }
    return false;
  }

  void receive() {
    TimePoint wake = base::Clock::now() + kStopPoll;
    for (const Active& check : active_) {
      wake = std::min(wake, check.missing == 0 ? check.nextRound : check.giveUp);
    }
    auto reply = probes_.wait(Deadline::at(wake));
    if (!reply) {
      broken_ = "cannot tell: " + reply.error().message();
      endAll(Outcome::kFailed, broken_);
    } else if (*reply) {
      deliver(**reply);
    }
  }

  void deliver(NumberedReply& numbered) {
    for (auto check = active_.begin(); check != active_.end(); ++check) {
      const std::uint64_t index = numbered.number - check->firstNumber;
      if (check->missing == 0 || numbered.number < check->firstNumber || index >= check->replies.size()) {
        continue;
      }
      auto& slot = check->replies[index];
      if (slot) {
        return;  // a second reply to one job
      }
      bool done = false;
      const auto* failure = std::get_if<JobFailure>(&numbered.reply);
      if (failure != nullptr || numbered.reply.index() != check->jobs[index].index()) {
        fail(*check,
             "cannot tell: " + (failure != nullptr ? failure->why : "the probe worker's answer is of another kind"));
        done = true;
      } else {
        slot = std::move(numbered.reply);
        done = --check->missing == 0 && judge(*check);
      }
      if (done) {
        finish(check);
      }
      return;
    }
    // Nobody waits for it any more: of a check that failed over another job, or of an earlier run.
  }

  // True: the check is done.
  bool judge(Active& check) {
    std::vector<Reply> replies;
    for (auto& reply : check.replies) {
      replies.push_back(std::move(*reply));
    }
    const auto step = check.procedure->judge(replies, lab_, check.result);
    ++check.result.rounds;
    check.nextRound =
        base::Clock::now() + (step == Procedure::Step::kNext && !check.jobs.empty() ? milliseconds(0) : kPause);
    // What a round sees for which hardly any time is left says nothing, and would hide what the one before has seen.
    const auto least = std::min(kLeastRound, check.spec->within / 4);
    return step == Procedure::Step::kDone || (step == Procedure::Step::kAgain && check.deadline.left() <= least);
  }

  static void fail(Active& check, const std::string& why) {
    check.result.outcome = Outcome::kFailed;
    check.result.seen = why;
  }

  std::list<Active>::iterator finish(std::list<Active>::iterator check) {
    using Span = std::chrono::duration<double, std::milli>;
    check->result.elapsedMs = Span(base::Clock::now() - check->started).count();
    busyGroups_.erase(groupOf(*check->spec));
    const std::size_t index = check->result.index;
    report_.results[index] = std::move(check->result);
    auto next = active_.erase(check);
    told(index);
    return next;
  }

  void told(std::size_t index) {
    ++finished_;
    if (options_.progress) {
      options_.progress(report_.results[index], finished_, checks_.size());
    }
  }

  void endAll(Outcome outcome, const std::string& why) {
    while (!active_.empty()) {
      active_.front().result.outcome = outcome;
      active_.front().result.seen = why;
      finish(active_.begin());
    }
    for (const std::size_t index : pending_) {
      report_.results[index].outcome = outcome;
      report_.results[index].seen = why;
      told(index);
    }
    pending_.clear();
  }

  const std::vector<CheckSpec>& checks_;
  LabPort& lab_;
  ProbePort& probes_;
  const RunOptions& options_;
  Report report_;
  std::deque<std::size_t> pending_;  // in the lab's order
  std::list<Active> active_;
  std::set<std::string> busyGroups_;
  std::size_t finished_ = 0;
  // Numbers of jobs: their start is random, so that a late reply to an earlier run is not taken for ours.
  std::uint64_t number_ = std::uint64_t{randomNumber<std::uint32_t>()} << 30U;
  std::string broken_;  // why no more probes can run
};

}  // namespace

Report runChecks(const std::vector<CheckSpec>& checks, LabPort& lab, ProbePort& probes, const RunOptions& options) {
  return Run(checks, lab, probes, options).run();
}

}  // namespace vpclab::check
