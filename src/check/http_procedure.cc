#include <algorithm>
#include <cstdio>

#include "check/expect.h"
#include "check/procedure.h"
#include "check/proved_procedure.h"
#include "check/random.h"

namespace vpclab::check {

namespace {

constexpr std::uint32_t kAttempts = 3;  // connections to a target that must not be reached
// One SYN and its first repetition, tcp(7): a router says "unreachable" to one source once a second, so that a shorter
// attempt may come to nothing without a word of why.
constexpr std::chrono::milliseconds kConnectTime{1500};
constexpr unsigned kMaxOutOfOrder = 3;  // rounds from the right servers in the wrong order, until it counts
constexpr std::chrono::milliseconds kLogTime{1000};  // for a request to show in an access log after its answer

// Unlike any other request of any run, so that a log tells ours.
std::string freshPrefix() {
  char text[40];
  std::snprintf(text, sizeof(text), "vpclab-check-%016llx",
                static_cast<unsigned long long>(randomNumber<std::uint64_t>()));
  return text;
}

class NoConnection : public ProvedProcedure {
 public:
  explicit NoConnection(const HttpSpec& spec) : ProvedProcedure(spec.from, spec.to), spec_(spec) {}

 private:
  Round probe() override {
    Round round;
    HttpJob job;
    job.sockets = round.tcpSockets(spec_.from.node, kAttempts);
    job.address = spec_.to.address;
    job.port = spec_.port;
    job.hostHeader = spec_.hostHeader;
    job.times = kAttempts;
    job.connectOnly = true;
    job.parallel = true;
    job.timeout = kConnectTime;
    round.jobs.emplace_back(std::move(job));
    return round;
  }

  Verdict judgeProbe(const std::vector<Reply>& replies, CheckResult& /*result*/) override {
    return judgeNoConnection(spec_, std::get<HttpReplies>(replies.front()));
  }

  const HttpSpec& spec_;
};

class Get : public Procedure {
 public:
  explicit Get(const HttpSpec& spec) : spec_(spec) {}

  Round next(std::chrono::milliseconds left) override {
    if (replies_) {
      return {};  // only the log is looked at again
    }
    Round round;
    prefix_ = freshPrefix();
    HttpJob job;
    job.keepAlive = spec_.connections == Connections::kKeepAlive;
    job.parallel = spec_.connections == Connections::kParallel;
    job.sockets = round.tcpSockets(spec_.from.node, job.keepAlive ? 1 : spec_.times);
    job.address = spec_.to.address;
    job.port = spec_.port;
    job.hostHeader = spec_.hostHeader;
    job.target = spec_.path;
    job.times = spec_.times;
    job.requestIdPrefix = prefix_;
    job.timeout = std::clamp(left, kConnectTime, std::chrono::milliseconds(5000));
    job.deadline = std::max(left, kConnectTime);
    round.takes = job.deadline;
    round.jobs.emplace_back(std::move(job));
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& lab, CheckResult& result) override {
    if (!replies_) {
      replies_ = std::get<HttpReplies>(replies.front());
      logDeadline_ = base::Deadline::after(kLogTime);
    }
    RequestIds log;
    const bool wantsLog = aboutPages() && anyLogged() && !replies_->answers.empty();
    if (wantsLog) {
      auto ids = lab.requestIds(prefix_);
      if (!ids) {
        replies_.reset();
        result.outcome = Outcome::kFailed;
        result.seen = "cannot tell: " + ids.error().message();
        return Step::kAgain;
      }
      log = std::move(*ids);
    }
    const auto servers = serversOf(spec_, *replies_, log, prefix_);
    if (wantsLog && isLogShort(servers, log) && !logDeadline_.passed()) {
      result.seen = "no access log yet";
      return Step::kNext;
    }
    const Verdict verdict = judgeHttp(spec_, *replies_, log, prefix_);
    report(verdict, servers, result);
    replies_.reset();
    outOfOrder_ += verdict.outOfOrder ? 1 : 0;
    return verdict.passed || verdict.final || outOfOrder_ == kMaxOutOfOrder ? Step::kDone : Step::kAgain;
  }

 private:
  bool aboutPages() const { return !spec_.page.empty() || !spec_.rotation.empty() || !spec_.share.empty(); }
  bool anyLogged() const {
    return std::any_of(spec_.pages.begin(), spec_.pages.end(), [](const auto& page) { return page.second.logged; });
  }

  // A server logs a request after it has answered it: fewer lines than answers may be a matter of a moment.
  bool isLogShort(const std::vector<std::string>& servers, const RequestIds& log) const {
    std::size_t lines = 0;
    for (const auto& [server, ids] : log) {
      lines += ids.size();
    }
    const auto answered = static_cast<std::size_t>(std::count_if(servers.begin(), servers.end(), [&](const auto& id) {
      const auto page = spec_.pages.find(id);
      return id.empty() || (page != spec_.pages.end() && page->second.logged);
    }));
    return lines < answered;
  }

  void report(const Verdict& verdict, const std::vector<std::string>& servers, CheckResult& result) const {
    result.answers = seenAnswers(spec_, *replies_, servers);
    result.seen = verdict.seen;
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    result.roundTrip.reset();
    RoundTrip times;
    times.sent = static_cast<std::uint32_t>(result.answers.size());
    for (const SeenAnswer& answer : result.answers) {
      if (answer.status == 0) {
        continue;
      }
      times.minMs = times.answered == 0 ? answer.ms : std::min(times.minMs, answer.ms);
      times.maxMs = std::max(times.maxMs, answer.ms);
      times.avgMs += answer.ms;
      ++times.answered;
    }
    if (times.answered > 0) {
      times.avgMs /= times.answered;
      result.roundTrip = times;
    }
  }

  const HttpSpec& spec_;
  std::string prefix_;
  std::optional<HttpReplies> replies_;  // of the round whose access log is waited for
  base::Deadline logDeadline_ = base::Deadline::after(kLogTime);
  unsigned outOfOrder_ = 0;
};

}  // namespace

std::unique_ptr<Procedure> makeHttpProcedure(const HttpSpec& spec) {
  if (spec.reachable) {
    return std::make_unique<Get>(spec);
  }
  return std::make_unique<NoConnection>(spec);
}

}  // namespace vpclab::check
