#include <doctest/doctest.h>

#include "check/expect.h"
#include "check/job_json.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

TEST_CASE("jobs and replies that measure come out as they went in") {
  StreamJob stream;
  stream.client = 1;
  stream.server = 2;
  stream.target = *net::IpAddr::parse("10.0.0.1");
  stream.back = true;
  stream.time = 3s;
  CountJob count;
  count.target = stream.target;
  count.packets = 77;
  const std::vector<NumberedJob> jobs{{1, stream}, {2, count}};
  const auto out = decodeRequest(encodeRequest(jobs));
  REQUIRE(out);
  CHECK(*out == jobs);
  for (const Reply& reply :
       {Reply(StreamReply{12'345, 678.5, ""}), Reply(CountReply{{10, 9}, {10, 8}, "no packet arrives"})}) {
    const auto decoded = decodeReply(encodeReply({7, reply}));
    REQUIRE(decoded);
    CHECK(decoded->reply == reply);
  }
  CHECK_FALSE(decodeReply(R"({"number":1,"stream":{"bytes":-1,"ms":1,"detail":""}})"));
  CHECK_FALSE(decodeReply(R"({"number":1,"count":{"sentThere":1,"receivedThere":1,"sentBack":1,"detail":""}})"));
  CHECK_FALSE(decodeRequest(
      R"({"jobs":[{"number":1,"count":{"client":0,"server":1,"target":"10.0.0.1","packets":0,"deadline":1}}]})"));
}

TEST_CASE("a measured ping") {
  PingSpec spec;
  spec.times = 100;
  spec.rtt = Range{40'000, 60'000, "40ms..60ms"};
  PingReply reply;
  reply.sent = reply.answered = 100;
  reply.rttAvgMs = 41.5;
  CHECK(judgeMeasuredPing(spec, reply).passed);
  CHECK(judgeMeasuredPing(spec, reply).seen == "rtt 41.50 ms");
  reply.rttAvgMs = 61;
  CHECK_FALSE(judgeMeasuredPing(spec, reply).passed);
  spec.rtt.reset();
  spec.loss = Range{50'000, 150'000, "5%..15%"};
  CHECK_FALSE(judgeMeasuredPing(spec, reply).passed);
  reply.answered = 90;
  CHECK(judgeMeasuredPing(spec, reply).seen == "10 of 100 lost (10.00%)");
  CHECK(judgeMeasuredPing(spec, reply).passed);
  // Too few to tell.
  reply.sent = 10;
  reply.answered = 9;
  CHECK_FALSE(judgeMeasuredPing(spec, reply).passed);
  // Nothing at all is no round-trip time.
  spec.loss.reset();
  spec.rtt = Range{0, 60'000, "..60ms"};
  CHECK_FALSE(judgeMeasuredPing(spec, {.sent = 100, .answered = 0}).passed);
}

TEST_CASE("throughput needs both directions") {
  ThroughputSpec spec;
  spec.rate = {8'000'000, 10'000'000, "8mbit..10mbit"};
  const StreamReply good{1'125'000, 1000, ""};  // 9 mbit/s
  CHECK_FALSE(judgeThroughput(spec, good, std::nullopt).passed);
  CHECK(judgeThroughput(spec, good, good).passed);
  CHECK(judgeThroughput(spec, good, good).seen == "9.00 mbit/s there, 9.00 mbit/s back");
  CHECK_FALSE(judgeThroughput(spec, good, StreamReply{1'125'000, 2000, ""}).passed);
  CHECK_FALSE(judgeThroughput(spec, StreamReply{0, 0, "connect: No route to host"}, std::nullopt).passed);
  // An end that is open downwards: nothing measured is still no throughput.
  spec.rate = {0, 10'000'000, "..10mbit"};
  CHECK_FALSE(judgeThroughput(spec, StreamReply{0, 0, "nothing arrives"}, good).passed);
}

TEST_CASE("a count that was not finished proves nothing") {
  LossSpec spec;
  spec.packets = 1000;
  spec.loss = {0, 1'000'000, "0%..100%"};
  CHECK(judgeLoss(spec, {{1000, 900}, {1000, 1000}, ""}).passed);
  CHECK_FALSE(judgeLoss(spec, {{1000, 900}, {10, 10}, ""}).passed);
  CHECK_FALSE(judgeLoss(spec, {{1000, 900}, {1000, 1000}, "send: Network is unreachable"}).passed);
  CHECK_FALSE(judgeLoss(spec, {{}, {}, "no packet arrives"}).passed);
}

TEST_CASE("a handshake is new enough, too old, or none") {
  TunnelSpec spec{"a-gw", "A", {{"b-gw", "B"}}, 180s};
  CHECK(judgeTunnel(spec, {{"b-gw", 12.0}, {"c-gw", 999.0}}).passed);
  CHECK(judgeTunnel(spec, {{"b-gw", 12.0}}).seen == "handshake with B 12 s ago");
  CHECK_FALSE(judgeTunnel(spec, {{"b-gw", 181.0}}).passed);
  CHECK_FALSE(judgeTunnel(spec, {{"b-gw", std::nullopt}}).passed);
  CHECK(judgeTunnel(spec, {{"b-gw", std::nullopt}}).seen == "no handshake with B");
  CHECK_FALSE(judgeTunnel(spec, {}).passed);
}

TEST_CASE("bodies that are held at once are bounded together") {
  HttpJob job;
  job.times = 1000;
  CHECK(bodyLimit(job) == kMaxBodyBytes);
  job.keepAlive = true;  // one after the other
  CHECK(bodyLimit(job) == kMaxBodyBytes);
  job.keepAlive = false;
  job.parallel = true;
  CHECK(bodyLimit(job) * job.times <= 64U << 20U);
  job.times = 3;
  CHECK(bodyLimit(job) == kMaxBodyBytes);
}
