// Every server to every server, against a worker that answers as it is told.
#include "check/matrix.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "check/job_json.h"

using namespace vpclab;
using namespace vpclab::check;

namespace {

// A network in which only what is named does not answer: pairs "from>to" of addresses' last bytes.
class FakeNetwork : public ProbePort, public LabPort {
 public:
  std::set<std::string> silent;
  std::set<std::string> gone;  // nodes without a namespace
  std::vector<std::size_t> asked;
  std::set<std::uint32_t> tries;
  std::map<std::string, std::set<std::uint32_t>> windows;  // by the asking address' last byte
  std::size_t mostSweeps = 0;
  std::size_t mostInFlight = 0;

  base::Result<> submit(const std::vector<NumberedJob>& jobs, std::vector<base::UniqueFd> sockets,
                        base::Deadline) override {
    CHECK(sockets.size() == jobs.size());
    queue_.insert(queue_.end(), jobs.begin(), jobs.end());
    std::size_t inFlight = 0;
    for (const NumberedJob& job : queue_) {
      inFlight += std::get<SweepJob>(job.job).window;
    }
    mostSweeps = std::max(mostSweeps, queue_.size());
    mostInFlight = std::max(mostInFlight, inFlight);
    return {};
  }
  base::Result<std::optional<NumberedReply>> wait(base::Deadline) override {
    const NumberedJob job = queue_.front();
    queue_.pop_front();
    const auto& sweep = std::get<SweepJob>(job.job);
    SweepReply reply;
    reply.details = {"no answer"};
    const auto last = [](net::IpAddr address) { return std::to_string(address.v4HostOrder() & 0xFFU); };
    for (const net::IpAddr target : sweep.targets) {
      const bool lost = silent.count(last(sweep.targets.front()) + ">" + last(target)) != 0;
      reply.results.push_back(lost ? PingResult::kTimeout : PingResult::kAnswered);
      if (lost) {
        reply.texts.push_back(0);
      }
    }
    asked.push_back(sweep.targets.size());
    windows[last(sweep.targets.front())].insert(sweep.window);
    tries.insert(sweep.tries);
    return NumberedReply{job.number, std::move(reply)};
  }

  base::Result<base::UniqueFd> openSocket(const std::string& node, SocketKind) override {
    return gone.count(node) == 0 ? base::Result<base::UniqueFd>(base::UniqueFd())
                                 : base::fail(base::ErrorKind::kNotFound, "node " + node + ": no namespace");
  }
  base::Result<std::vector<BackendStatus>> backends(const std::string&, const std::string&) override { return {}; }
  base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string&) override { return {}; }
  base::Result<std::map<std::string, std::vector<std::string>>> requestIds(const std::string&) override { return {}; }

 private:
  std::deque<NumberedJob> queue_;
};

// Servers s2, s3, ... at 10.0.0.2, ...; each two are a group of their own. Of pairs of one group ping is expected, of
// others not.
MatrixSpec specOf(std::size_t count) {
  MatrixSpec out;
  out.lab = "fake";
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = "s" + std::to_string(i + 2);
    out.nodes.push_back({id,
                         id,
                         net::IpAddr::v4(0x0A000002U + static_cast<std::uint32_t>(i)),
                         net::IpAddr::v4(0x0A000001U),
                         {"net" + std::to_string(i / 2), "vpc", "region"}});
  }
  out.expected = [](std::size_t from, std::size_t to) {
    return from / 2 == to / 2 ? PairExpectation::kReachable : PairExpectation::kBlocked;
  };
  out.why = [](std::size_t from, std::size_t to) { return std::to_string(from) + "-" + std::to_string(to); };
  return out;
}

// What blocks all that should be.
std::set<std::string> blockedIn(std::size_t count) {
  std::set<std::string> out;
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      if (from / 2 != to / 2) {
        out.insert(std::to_string(from + 2) + ">" + std::to_string(to + 2));
      }
    }
  }
  return out;
}

MatrixReport run(const MatrixSpec& spec, FakeNetwork& network) {
  return runMatrix(spec, network, network, {});
}

}  // namespace

TEST_CASE("all is as expected") {
  const auto spec = specOf(4);
  FakeNetwork network;
  network.silent = blockedIn(4);
  const auto report = run(spec, network);
  CHECK(report.rows == std::vector<std::string>{"-+..", "+-..", "..-+", "..+-"});
  CHECK(report.passed());
  CHECK(network.asked == std::vector<std::size_t>{5, 5, 5, 5});
  CHECK(network.tries == std::set<std::uint32_t>{2});
  CHECK(toText(spec, report, false).find("4 reached and 8 blocked as expected, 0 not") != std::string::npos);
}

TEST_CASE("where the lab's lines lose packets, each pair is asked more often") {
  auto spec = specOf(2);
  spec.loss = 0.5;
  FakeNetwork network;
  CHECK(run(spec, network).passed());
  CHECK(network.tries == std::set<std::uint32_t>{30});
}

TEST_CASE("where the lab's lines are slow, less is in flight, and no pair is left out") {
  auto spec = specOf(100);
  FakeNetwork plain;
  plain.silent = blockedIn(100);
  CHECK(run(spec, plain).passed());
  CHECK(plain.mostSweeps == 64);
  CHECK(plain.mostInFlight == 64 * 64);

  spec.nodes[3].rate = 64'000;  // s5
  FakeNetwork network;
  network.silent = blockedIn(100);
  CHECK(run(spec, network).passed());
  CHECK(network.mostSweeps <= 20);  // each may have one request in flight to it
  CHECK(*network.windows.at("5").rbegin() <= 20);
  CHECK(network.windows.at("2") == std::set<std::uint32_t>{64});

  spec.nodes[3].rate = 0;
  spec.sharedRate = 1'000'000;
  FakeNetwork shared;
  shared.silent = blockedIn(100);
  CHECK(run(spec, shared).passed());
  CHECK(shared.mostInFlight <= 160);  // 22 KB of tunnels' packets

  spec.nodes[3].rate = 8'000;
  FakeNetwork both;
  both.silent = blockedIn(100);
  CHECK(run(spec, both).passed());
  CHECK(both.mostSweeps == 1);
  CHECK(both.windows.at("5") == std::set<std::uint32_t>{1});
}

TEST_CASE("a slow node's row is asked in parts that have time to end, one after the other") {
  auto spec = specOf(1000);
  spec.nodes[0].rate = 1'000;
  FakeNetwork network;
  network.silent = {};
  CHECK(run(spec, network).count(Cell::kNotRun) == 0);
  CHECK(network.asked.size() > 1000);
  CHECK(*std::max_element(network.asked.begin(), network.asked.end()) < 1000);
}

TEST_CASE("what is missing and what leaks names both ends, what was expected and why, and what was seen") {
  const auto spec = specOf(4);
  FakeNetwork network;
  network.silent = blockedIn(4);
  network.silent.insert("2>3");
  network.silent.erase("5>2");
  const auto report = run(spec, network);
  CHECK(report.rows == std::vector<std::string>{"-X..", "+-..", "..-+", "!.+-"});
  const std::string text = toText(spec, report, false);
  CHECK(text.find("s2 → s3: expected reachable (0-1), seen no answer\n") != std::string::npos);
  CHECK(text.find("s5 → s2: expected blocked (3-0), seen an answer\n") != std::string::npos);
  const auto json = toJson(spec, report);
  CHECK(json["missing"] == 1);
  CHECK(json["leaks"] == 1);
  CHECK(json["mismatches"][0]["why"] == "0-1");
  const std::string junit = toJunit(spec, report);
  CHECK(junit.find(R"(tests="12" failures="2")") != std::string::npos);
}

TEST_CASE("blocked is believed only between those that are alive") {
  const auto spec = specOf(4);
  FakeNetwork network;
  network.silent = blockedIn(4);
  network.silent.insert("4>1");  // its gateway
  const auto report = run(spec, network);
  CHECK(report.rows == std::vector<std::string>{"-+?.", "+-?.", R"(??-+)", "..+-"});
  CHECK_FALSE(report.passed());
  CHECK(report.dead == std::vector<std::string>{"s4 is not alive: its gateway 10.0.0.1: no answer"});

  network.silent.erase("4>1");
  network.gone = {"s4"};
  CHECK(run(spec, network).rows == std::vector<std::string>{"-+?.", "+-?.", R"(??-X)", "..+-"});
}

TEST_CASE("an address that is another node's there is not asked") {
  auto spec = specOf(2);
  spec.expected = [](std::size_t from, std::size_t) {
    return from == 0 ? PairExpectation::kElsewhere : PairExpectation::kReachable;
  };
  FakeNetwork network;
  const auto report = run(spec, network);
  CHECK(report.rows == std::vector<std::string>{"-~", "+-"});
  CHECK(report.passed());
  CHECK(network.asked == std::vector<std::size_t>{2, 3});
}

TEST_CASE("a large matrix is drawn by groups, and its mismatches are told by them") {
  const auto spec = specOf(60);
  FakeNetwork network;
  network.silent = blockedIn(60);
  for (int to = 2; to < 62; ++to) {
    network.silent.insert("2>" + std::to_string(to));
    network.silent.erase("3>" + std::to_string(to));
  }
  const std::string text = toText(spec, run(spec, network), false);
  CHECK(text.starts_with("Each row a vpc that pings"));
  CHECK(text.find("vpc → vpc: ") != std::string::npos);
}

TEST_CASE("stopped, it says what has no result") {
  const auto spec = specOf(4);
  FakeNetwork network;
  std::stop_source stop;
  stop.request_stop();
  MatrixOptions options;
  options.stop = stop.get_token();
  const auto report = runMatrix(spec, network, network, options);
  CHECK(report.count(Cell::kNotRun) == 12);
  CHECK(report.rows == std::vector<std::string>{"-   ", " -  ", "  - ", "   -"});
  CHECK_FALSE(report.passed());
  CHECK(toText(spec, report, false).find("; ? stopped before\n") != std::string::npos);
}

// Whether the other end is alive nobody has looked yet, which is no failure.
TEST_CASE("stopped on the way, what is blocked has no result unless both ends have been looked at") {
  const auto spec = specOf(4);
  FakeNetwork network;
  network.silent = blockedIn(4);
  std::stop_source stop;
  MatrixOptions options;
  options.stop = stop.get_token();
  options.progress = [&](std::size_t done, std::size_t) {
    if (done == 9) {
      stop.request_stop();
    }
  };
  const auto report = runMatrix(spec, network, network, options);
  CHECK(report.rows == std::vector<std::string>{"-+. ", "+-. ", "..-+", "   -"});
  CHECK(report.failures() == 0);
}

TEST_CASE("sweeps between daemon and worker") {
  SweepJob job;
  job.socket = 2;
  job.targets = {*net::IpAddr::parse("10.0.0.1"), *net::IpAddr::parse("10.0.0.2")};
  job.tries = 7;
  const std::vector<NumberedJob> jobs{{1, job}};
  const auto request = decodeRequest(encodeRequest(jobs));
  REQUIRE(request);
  CHECK(*request == jobs);
  const NumberedReply reply{7, SweepReply{{PingResult::kAnswered, PingResult::kUnreachable}, {0}, {"why"}}};
  const auto decoded = decodeReply(encodeReply(reply));
  REQUIRE(decoded);
  CHECK(*decoded == reply);
  CHECK_FALSE(decodeReply(R"({"number":1,"sweep":{"results":"ax","texts":[],"details":[]}})"));
  CHECK_FALSE(decodeReply(R"({"number":1,"sweep":{"results":"au","texts":[],"details":["why"]}})"));
  CHECK_FALSE(decodeReply(R"({"number":1,"sweep":{"results":"au","texts":[1],"details":["why"]}})"));
  CHECK_FALSE(decodeRequest(
      R"({"jobs":[{"number":1,"sweep":{"socket":0,"targets":["x"],"window":1,"tries":2,"timeout":1,"deadline":1}}]})"));
  CHECK_FALSE(decodeRequest(
      R"({"jobs":[{"number":1,"sweep":{"socket":0,"targets":[],"window":100000,"tries":2,"timeout":1,"deadline":1}}]})"));
}
