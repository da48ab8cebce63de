#include <array>
#include <atomic>
#include <thread>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "check/probe_client.h"
#include "world.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

namespace {

ProbeClient startProbes() {
  auto client = ProbeClient::start({VPCLAB_TEST_PROBE_WORKER, 65534});
  REQUIRE(client);
  return std::move(*client);
}

// Runs one job and returns its reply.
Reply run(ProbeClient& probes, const Job& job, std::vector<base::UniqueFd> sockets) {
  REQUIRE(probes.submit({{7, job}}, std::move(sockets), base::Deadline::after(5s)));
  auto reply = probes.wait(base::Deadline::after(20s));
  REQUIRE(reply);
  REQUIRE(reply->has_value());
  CHECK((*reply)->number == 7);
  return (*reply)->reply;
}

std::vector<base::UniqueFd> one(base::UniqueFd fd) {
  std::vector<base::UniqueFd> out;
  out.push_back(std::move(fd));
  return out;
}

PingReply ping(const World& world, ProbeClient& probes, const char* to, PingJob job = {}) {
  job.target = address(to);
  const Reply reply = run(probes, job, one(world.socket("client", SOCK_RAW, IPPROTO_ICMP)));
  REQUIRE(std::holds_alternative<PingReply>(reply));
  return std::get<PingReply>(reply);
}

PathReply path(const World& world, ProbeClient& probes, const char* to, std::chrono::milliseconds timeout = 200ms) {
  PathJob job;
  job.target = address(to);
  job.timeout = timeout;
  const Reply reply = run(probes, job, one(world.socket("client", SOCK_RAW, IPPROTO_ICMP)));
  REQUIRE(std::holds_alternative<PathReply>(reply));
  return std::get<PathReply>(reply);
}

}  // namespace

TEST_CASE("a ping is answered where ping(8) is answered, and tells why where it is not") {
  const World world;
  auto probes = startProbes();
  REQUIRE(world.exec("client", "ping -c1 -W2 10.3.0.2") == 0);
  PingJob three;
  three.count = 3;
  three.interval = 10ms;
  const auto answered = ping(world, probes, "10.3.0.2", three);
  CHECK(answered.sent == 3);
  CHECK(answered.answered == 3);
  CHECK(answered.last == PingResult::kAnswered);
  CHECK(answered.rttMinMs > 0);
  CHECK(answered.rttMinMs <= answered.rttAvgMs);
  CHECK(answered.rttAvgMs <= answered.rttMaxMs);

  PingJob ends;
  ends.count = 3;
  ends.endOnUnreachable = true;
  // Kernel 6.1 tells a source at most once a second that there is no route, whatever icmp_ratelimit says.
  ends.interval = 1100ms;
  SUBCASE("a router without a route") {
    REQUIRE(world.ip("r1", "route del 10.3.0.0/24") == 0);
    const auto reply = ping(world, probes, "10.3.0.2", ends);
    CHECK(reply.sent == 1);
    CHECK(reply.last == PingResult::kUnreachable);
    CHECK(reply.detail == "Destination Net Unreachable from 10.1.0.1");
    CHECK(world.exec("client", "ping -c1 -W2 10.3.0.2") != 0);
  }
  SUBCASE("an unreachable route, a prohibit route") {
    REQUIRE(world.ip("r1", "route replace unreachable 10.3.0.0/24") == 0);
    CHECK(ping(world, probes, "10.3.0.2", ends).detail == "Destination Host Unreachable from 10.1.0.1");
    REQUIRE(world.ip("r1", "route replace prohibit 10.3.0.0/24") == 0);
    CHECK(ping(world, probes, "10.3.0.2", ends).detail == "Packet filtered from 10.1.0.1");
  }
  SUBCASE("a black hole stays silent") {
    REQUIRE(world.ip("r1", "route replace blackhole 10.3.0.0/24") == 0);
    ends.timeout = 200ms;
    ends.interval = 20ms;
    const auto reply = ping(world, probes, "10.3.0.2", ends);
    CHECK(reply.sent == 3);
    CHECK(reply.answered == 0);
    CHECK(reply.unreachable == 0);
    CHECK(reply.last == PingResult::kTimeout);
  }
  SUBCASE("no route at home") {
    REQUIRE(world.ip("client", "route del default") == 0);
    const auto reply = ping(world, probes, "10.3.0.2", ends);
    CHECK(reply.last == PingResult::kUnreachable);
    CHECK(reply.detail == "sendto: Network is unreachable");
  }
  SUBCASE("a black hole at home") {
    REQUIRE(world.ip("client", "route add blackhole 10.3.0.0/24") == 0);
    CHECK(ping(world, probes, "10.3.0.2", ends).detail == "sendto: Invalid argument (a blackhole route)");
  }
}

TEST_CASE("a ping waits for its target to come, until its deadline and no longer") {
  const World world;
  auto probes = startProbes();
  REQUIRE(world.ip("r1", "route del 10.3.0.0/24") == 0);
  PingJob job;
  job.target = address("10.3.0.2");
  job.count = 3;
  job.untilAnswered = true;
  job.interval = 20ms;
  job.deadline = 10s;
  REQUIRE(probes.submit({{1, job}}, one(world.socket("client", SOCK_RAW, IPPROTO_ICMP)), base::Deadline::after(5s)));
  auto early = probes.wait(base::Deadline::after(150ms));
  REQUIRE(early);
  CHECK_FALSE(early->has_value());
  REQUIRE(world.ip("r1", "route add 10.3.0.0/24 via 10.2.0.2") == 0);
  auto reply = probes.wait(base::Deadline::after(5s));
  REQUIRE(reply);
  REQUIRE(reply->has_value());
  CHECK(std::get<PingReply>((*reply)->reply).answered == 3);

  REQUIRE(world.ip("r1", "route del 10.3.0.0/24") == 0);
  job.deadline = 300ms;
  const auto before = base::Clock::now();
  CHECK(ping(world, probes, "10.3.0.2", job).answered == 0);
  CHECK(base::Clock::now() - before < 2s);
}

TEST_CASE("many pings share a socket and one loop") {
  const World world;
  auto probes = startProbes();
  std::vector<NumberedJob> jobs;
  for (std::uint64_t i = 0; i < 300; ++i) {
    PingJob job;
    job.target = address(i % 3 == 0 ? "10.3.0.2" : i % 3 == 1 ? "10.1.0.1" : "10.2.0.2");
    job.untilAnswered = true;
    jobs.push_back({i, job});
  }
  REQUIRE(probes.submit(jobs, one(world.socket("client", SOCK_RAW, IPPROTO_ICMP)), base::Deadline::after(5s)));
  std::vector<bool> seen(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto reply = probes.wait(base::Deadline::after(10s));
    REQUIRE(reply);
    REQUIRE(reply->has_value());
    CHECK(std::get<PingReply>((*reply)->reply).answered == 1);
    CHECK_FALSE(seen.at((*reply)->number));
    seen.at((*reply)->number) = true;
  }
}

TEST_CASE("a path shows its hops in order, and where it ends") {
  const World world;
  auto probes = startProbes();
  const auto whole = path(world, probes, "10.3.0.2");
  REQUIRE(whole.reached);
  REQUIRE(whole.hops.size() == 3);
  CHECK(whole.hops[0].address == address("10.1.0.1"));
  CHECK(whole.hops[1].address == address("10.2.0.2"));
  CHECK(whole.hops[2].address == address("10.3.0.2"));
  CHECK(whole.hops[2].target);
  CHECK_FALSE(whole.hops[1].target);

  REQUIRE(world.ip("r2", "link set right down") == 0);
  // Linux sends "net unreachable" no sooner than a second after a "time exceeded" to the same host where icmp_ratelimit
  // is 0: both count on one account (net/ipv4/route.c ip_error, inetpeer.c).
  const auto cut = path(world, probes, "10.3.0.2", 600ms);
  CHECK_FALSE(cut.reached);
  CAPTURE(cut.detail);
  CHECK(cut.hops.size() == 2);
  CHECK(cut.detail.find("from 10.2.0.2") != std::string::npos);

  REQUIRE(world.exec("r1", "sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'") == 0);
  const auto silent = path(world, probes, "10.3.0.2");
  CHECK_FALSE(silent.reached);
}

namespace {

enum class Forgery { kNone, kPayload, kSequence, kIdentifier, kCut };

// Answers echo requests in place of the server's kernel, with one thing wrong.
void answerForged(int socket, Forgery forgery, const std::atomic<bool>& stop) {
  while (!stop) {
    pollfd entry{socket, POLLIN, 0};
    std::array<std::uint8_t, 2048> packet{};
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    if (::poll(&entry, 1, 20) <= 0) {
      continue;
    }
    const ssize_t n = ::recvfrom(socket, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 28 + 32 || packet[20] != 8) {
      continue;
    }
    std::vector<std::uint8_t> icmp(packet.begin() + 20, packet.begin() + n);
    icmp[0] = 0;
    icmp[forgery == Forgery::kPayload      ? 39
         : forgery == Forgery::kSequence   ? 7
         : forgery == Forgery::kIdentifier ? 5
                                           : 0] ^= forgery == Forgery::kNone || forgery == Forgery::kCut ? 0 : 1;
    if (forgery == Forgery::kCut) {
      icmp.resize(icmp.size() - 2);
    }
    icmp[2] = icmp[3] = 0;
    unsigned long sum = 0;
    for (std::size_t i = 0; i < icmp.size(); ++i) {
      sum += i % 2 == 0 ? icmp[i] * 256UL : icmp[i];
    }
    sum = 65535 - sum % 65535;
    icmp[2] = static_cast<std::uint8_t>(sum / 256);
    icmp[3] = static_cast<std::uint8_t>(sum % 256);
    (void)::sendto(socket, icmp.data(), icmp.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

}  // namespace

TEST_CASE("an answer counts only with its own identifier, sequence number and payload") {
  const World world;
  auto probes = startProbes();
  REQUIRE(world.exec("server", "sh -c 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all'") == 0);
  for (const Forgery forgery :
       {Forgery::kNone, Forgery::kPayload, Forgery::kSequence, Forgery::kIdentifier, Forgery::kCut}) {
    const auto socket = world.socket("server", SOCK_RAW, IPPROTO_ICMP);
    std::atomic<bool> stop{false};
    std::thread forger([&] { answerForged(socket.get(), forgery, stop); });
    PingJob job;
    job.timeout = forgery == Forgery::kNone ? 5s : 200ms;
    const auto reply = ping(world, probes, "10.3.0.2", job);
    stop = true;
    forger.join();
    CAPTURE(static_cast<int>(forgery));
    CHECK(reply.answered == (forgery == Forgery::kNone ? 1 : 0));
  }
}

TEST_CASE("what is no ICMP socket is refused, and a worker that is gone is told") {
  const World world;
  auto probes = startProbes();
  PingJob job;
  job.target = address("10.3.0.2");
  const Reply udp = run(probes, job, one(world.socket("client", SOCK_DGRAM, 0)));
  CHECK(std::get<JobFailure>(udp).why.find("no raw ICMP socket") != std::string::npos);
  const Reply none = run(probes, job, {});
  CHECK(std::get<JobFailure>(none).why.find("not there") != std::string::npos);

  auto missing = ProbeClient::start({"/nonexistent/worker", 65534});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message().find("/nonexistent/worker") != std::string::npos);
  auto wrong = ProbeClient::start({"/bin/false", 65534});
  REQUIRE(wrong);
  CHECK_FALSE(wrong->wait(base::Deadline::after(5s)));
}
