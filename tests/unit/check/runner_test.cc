#include "check/runner.h"

#include <deque>
#include <functional>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "check/worker_status.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

namespace {

net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}

PingReply answered() {
  PingReply out;
  out.sent = out.answered = 3;
  out.last = PingResult::kAnswered;
  return out;
}

PingReply silent() {
  PingReply out;
  out.sent = 3;
  return out;
}

// Answers jobs by a function; keeps count of what runs at once.
class FakeProbes : public ProbePort {
 public:
  explicit FakeProbes(std::function<std::optional<Reply>(const Job&)> answer) : answer_(std::move(answer)) {}

  base::Result<> submit(const std::vector<NumberedJob>& jobs, std::vector<base::UniqueFd>, base::Deadline) override {
    if (dead) {
      return base::fail(base::ErrorKind::kSystem, "the worker is dead");
    }
    for (const NumberedJob& job : jobs) {
      submitted.push_back(job.job);
      queue_.push_back(job);
    }
    most = std::max(most, queue_.size());
    return {};
  }

  base::Result<std::optional<NumberedReply>> wait(base::Deadline deadline) override {
    while (!queue_.empty()) {
      const NumberedJob job = queue_.front();
      queue_.pop_front();
      if (auto reply = answer_(job.job)) {
        return NumberedReply{job.number, std::move(*reply)};
      }
    }
    while (!deadline.passed()) {
    }
    return std::nullopt;
  }

  bool dead = false;
  std::size_t most = 0;
  std::vector<Job> submitted;

 private:
  std::function<std::optional<Reply>(const Job&)> answer_;
  std::deque<NumberedJob> queue_;
};

class FakeLab : public LabPort {
 public:
  base::Result<base::UniqueFd> openSocket(const std::string& node, SocketKind) override {
    if (node == "gone") {
      return base::fail(base::ErrorKind::kNotFound, "the namespace of gone is not there");
    }
    return base::UniqueFd();
  }
  base::Result<std::vector<BackendStatus>> backends(const std::string&, const std::string&) override {
    ++looks;
    return std::vector<BackendStatus>{{"b", looks < 4 ? "checking" : "up", ""}};
  }
  base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string&) override {
    return std::vector<TunnelPeer>{{"b-gw", 12.0}, {"c-gw", std::nullopt}};
  }
  base::Result<std::map<std::string, std::vector<std::string>>> requestIds(const std::string&) override {
    return std::map<std::string, std::vector<std::string>>{};
  }
  int looks = 0;
};

CheckSpec ping(const char* node, bool reachable) {
  CheckSpec out;
  out.within = 200ms;
  out.what = PingSpec{{node, node, {{ip("10.0.0.1"), 0, "gateway"}}},
                      {"T", ip("10.0.0.9"), Vantage{"t", "T", {{ip("10.0.0.9"), 0, "T"}}}},
                      reachable};
  return out;
}

CheckSpec get(const char* group) {
  CheckSpec out;
  out.within = 200ms;
  HttpSpec spec;
  spec.from.node = "a";
  spec.hostHeader = "h";
  spec.serialGroup = group;
  out.what = spec;
  return out;
}

}  // namespace

TEST_CASE("every check gets its result, in the lab's order, whatever fails") {
  FakeProbes probes([](const Job& job) -> std::optional<Reply> {
    return std::get<PingJob>(job).target == ip("10.0.0.9") ? answered() : silent();
  });
  FakeLab lab;
  std::vector<std::size_t> told;
  RunOptions options;
  options.progress = [&](const CheckResult& result, std::size_t, std::size_t total) {
    told.push_back(result.index);
    CHECK(total == 3);
  };
  const Report report = runChecks({ping("a", true), ping("gone", true), ping("a", false)}, lab, probes, options);
  REQUIRE(report.results.size() == 3);
  CHECK(report.results[0].outcome == Outcome::kPassed);
  CHECK(report.results[1].outcome == Outcome::kFailed);
  CHECK(report.results[1].seen == "cannot tell: the namespace of gone is not there");
  // The prober's gateway is silent: not passed, though a failed probe could look like "unreachable".
  CHECK(report.results[2].outcome == Outcome::kFailed);
  CHECK(report.results[2].seen.find("the prober a does not work: gateway (10.0.0.1)") != std::string::npos);
  CHECK(told.size() == 3);
}

TEST_CASE("unreachable is probed only after prober and target have proved to work") {
  int asked = 0;
  FakeProbes probes([&](const Job&) -> std::optional<Reply> { return ++asked <= 2 ? answered() : silent(); });
  FakeLab lab;
  const Report report = runChecks({ping("a", false)}, lab, probes, {});
  CHECK(report.results[0].outcome == Outcome::kPassed);
  REQUIRE(probes.submitted.size() == 3);
  CHECK(std::get<PingJob>(probes.submitted[2]).count == 3);
  CHECK(std::get<PingJob>(probes.submitted[2]).target == ip("10.0.0.9"));
}

TEST_CASE("where another node answers in the target's place, no ping is evidence: it is looked at what arrives") {
  CheckSpec check = ping("a", false);
  std::get<PingSpec>(check.what).to.standIn = "10.0.0.9 is S for a";
  FakeLab lab;
  int counts = 0;
  FakeProbes probes([&](const Job& job) -> std::optional<Reply> {
    if (std::holds_alternative<CountJob>(job)) {
      return ++counts == 1 ? CountReply{{1, 1}, {1, 1}, ""} : CountReply{{0, 0}, {0, 0}, CountReply::kNothingArrives};
    }
    return answered();
  });
  const Report report = runChecks({check}, lab, probes, {});
  CHECK(report.results[0].outcome == Outcome::kPassed);
  CHECK(report.results[0].seen == "10.0.0.9 is S for a; nothing sent there arrives at T");
  REQUIRE(probes.submitted.size() == 4);  // of the prober's witness and the target's, then both counts
  CHECK(std::get<CountJob>(probes.submitted[3]).target == ip("10.0.0.9"));

  // Nor is an answer worth anything to a check that wants the named one reached.
  std::get<PingSpec>(check.what).reachable = true;
  CheckSpec path;
  path.what = PathSpec{{}, std::get<PingSpec>(check.what).to, {}, {}};
  CheckSpec loss;
  loss.what = LossSpec{{}, std::get<PingSpec>(check.what).to, "t", {0, 1'000'000, "0%..100%"}};
  CheckSpec stream;
  stream.what = ThroughputSpec{{}, std::get<PingSpec>(check.what).to, "t", {0, 1, ".."}};
  CheckSpec backend;
  backend.what = BackendSpec{.backend = "b", .standIn = "10.0.0.9 is S for a"};
  FakeProbes untouched([](const Job&) -> std::optional<Reply> { return answered(); });
  for (const CheckResult& result : runChecks({check, path, loss, stream, backend}, lab, untouched, {}).results) {
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.seen == "cannot tell: 10.0.0.9 is S for a");
  }
  CHECK(untouched.submitted.empty());
}

// The kernel says "unreachable" to one source once a second: of an attempt that is shorter it may say nothing at all,
// and the check would not tell why it failed.
TEST_CASE("even the last request has the time for its SYN and the repetition") {
  FakeProbes probes([](const Job&) -> std::optional<Reply> { return HttpReplies{{HttpReply{}}, {}}; });
  FakeLab lab;
  const Report report = runChecks({get("")}, lab, probes, {});
  REQUIRE_FALSE(probes.submitted.empty());
  for (const Job& job : probes.submitted) {
    CHECK(std::get<HttpJob>(job).timeout >= 1500ms);
    CHECK(std::get<HttpJob>(job).deadline >= std::get<HttpJob>(job).timeout);
  }
}

TEST_CASE("a state is waited for until it holds") {
  FakeProbes probes([](const Job&) -> std::optional<Reply> { return std::nullopt; });
  FakeLab lab;
  CheckSpec check;
  check.within = 5s;
  BackendSpec backend;
  backend.backend = "b";
  check.what = backend;
  const Report report = runChecks({check}, lab, probes, {});
  CHECK(report.results[0].outcome == Outcome::kPassed);
  CHECK(report.results[0].rounds == 4);
}

TEST_CASE("checks of one load balancer never overlap, others do") {
  const auto ok = [](const Job&) -> std::optional<Reply> {
    return HttpReplies{{{true, 200, "", std::nullopt, 1}}, {}};
  };
  FakeLab lab;
  FakeProbes serial(ok);
  CHECK(runChecks({get("lb"), get("lb"), get("lb")}, lab, serial, {}).passed());
  CHECK(serial.most == 1);
  FakeProbes free(ok);
  CHECK(runChecks({get(""), get("lb"), get("")}, lab, free, {}).passed());
  CHECK(free.most == 3);
}

TEST_CASE("a worker that dies, lies or stays silent cannot make a check pass or hang") {
  FakeLab lab;
  FakeProbes dead([](const Job&) -> std::optional<Reply> { return std::nullopt; });
  dead.dead = true;
  const Report gone = runChecks({ping("a", true), ping("a", false)}, lab, dead, {});
  CHECK(gone.count(Outcome::kFailed) == 2);
  CHECK(gone.results[1].seen.find("the worker is dead") != std::string::npos);

  FakeProbes lying([](const Job&) -> std::optional<Reply> { return HttpReplies{}; });
  CHECK(runChecks({ping("a", true)}, lab, lying, {}).results[0].seen.find("another kind") != std::string::npos);
  FakeProbes refusing([](const Job&) -> std::optional<Reply> { return JobFailure{"no socket"}; });
  CHECK(runChecks({ping("a", false)}, lab, refusing, {}).results[0].seen == "cannot tell: no socket");
}

TEST_CASE("a stop ends the wait, and says of each check that it has no result") {
  FakeLab lab;
  FakeProbes mute([](const Job&) -> std::optional<Reply> { return std::nullopt; });
  std::stop_source stop;
  stop.request_stop();
  RunOptions options;
  options.stop = stop.get_token();
  const Report report = runChecks({ping("a", true), get("lb")}, lab, mute, options);
  CHECK(report.count(Outcome::kCancelled) == 2);
  CHECK_FALSE(report.passed());
}

TEST_CASE("a worker's status tells backends and request ids") {
  const auto lb = nlohmann::json::parse(R"({"kind":"loadBalancer","listeners":[{"name":"web","requests":3,"backends":[
      {"name":"a","address":"10.0.0.1","port":80,"state":"down","reason":"connect: Network is unreachable"}]}]})");
  const auto backends = backendsOf(lb, "web");
  REQUIRE(backends);
  REQUIRE(backends->size() == 1);
  CHECK(backends->front().reason == "connect: Network is unreachable");
  CHECK(backendsOf(lb, "other").error().kind() == base::ErrorKind::kNotFound);
  const auto pages = nlohmann::json::parse(R"({"kind":"pages","sites":[
      {"node":"a","log":[{"requestId":"x-0"},{"requestId":"xy-0"},{"requestId":""}]},{"node":"b","log":[]}]})");
  const auto ids = requestIdsOf(pages, "x");
  REQUIRE(ids);
  CHECK(ids->at("a") == std::vector<std::string>{"x-0"});
  CHECK(ids->at("b").empty());
  for (const char* bad : {"[]", "{}", R"({"listeners":[{"name":"web"}],"sites":[{"node":1}]})",
                          R"({"listeners":[{"name":"web","backends":[1]}],"sites":[{"node":"a","log":[{}]}]})"}) {
    CHECK_FALSE(backendsOf(nlohmann::json::parse(bad), "web"));
    CHECK_FALSE(requestIdsOf(nlohmann::json::parse(bad), "x"));
  }
}

TEST_CASE("checks that measure run alone, after all others") {
  FakeProbes probes([](const Job& job) -> std::optional<Reply> {
    if (std::holds_alternative<StreamJob>(job)) {
      return Reply(StreamReply{1'000'000, 1000, ""});
    }
    return answered();
  });
  FakeLab lab;
  CheckSpec stream;
  stream.within = 200ms;
  stream.what =
      ThroughputSpec{{"a", "a", {}}, {"T", ip("10.0.0.9"), std::nullopt}, "t", {0, 100'000'000, "..100mbit"}, 1s};
  const Report report = runChecks({stream, ping("a", true), stream}, lab, probes, {});
  CHECK(report.passed());
  // The ping's job went first, then two streams, each there and back.
  REQUIRE(probes.submitted.size() == 5);
  CHECK(std::holds_alternative<PingJob>(probes.submitted[0]));
  CHECK_FALSE(std::get<StreamJob>(probes.submitted[1]).back);
  CHECK(std::get<StreamJob>(probes.submitted[2]).back);
}

TEST_CASE("probes wait for what the lab's lines delay") {
  FakeProbes probes([](const Job&) -> std::optional<Reply> { return answered(); });
  FakeLab lab;
  auto check = ping("a", true);
  check.roundTrip = 1500ms;
  runChecks({check}, lab, probes, {});
  REQUIRE(probes.submitted.size() == 1);
  CHECK(std::get<PingJob>(probes.submitted[0]).timeout == PingJob{}.timeout + 1500ms);
}

TEST_CASE("a range of round-trip times that is open above does not ask to wait for its end") {
  FakeProbes probes([](const Job&) -> std::optional<Reply> { return answered(); });
  FakeLab lab;
  auto check = ping("a", true);
  auto& spec = std::get<PingSpec>(check.what);
  spec.times = 3;
  spec.rtt = Range{40'000, 120'000'000, "40ms..", true};
  runChecks({check}, lab, probes, {});
  REQUIRE_FALSE(probes.submitted.empty());
  CHECK(std::get<PingJob>(probes.submitted[0]).timeout == 1s);
  spec.rtt = Range{4'000'000, 120'000'000, "4s..", true};
  probes.submitted.clear();
  runChecks({check}, lab, probes, {});
  CHECK(std::get<PingJob>(probes.submitted[0]).timeout == 8s);
  spec.rtt = Range{0, 2'000'000, "..2s"};
  probes.submitted.clear();
  runChecks({check}, lab, probes, {});
  CHECK(std::get<PingJob>(probes.submitted[0]).timeout == 4s);
}
