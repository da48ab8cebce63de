#include <doctest/doctest.h>

#include "check/job_json.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

namespace {

// Replaces one part of a good document and says why the result is refused.
std::string refusal(std::string body, const std::string& part, const std::string& by) {
  const auto at = body.find(part);
  REQUIRE(at != std::string::npos);
  const auto out = decodeRequest(body.replace(at, part.size(), by));
  return out ? "accepted" : out.error().message();
}

std::string replyRefusal(const char* body) {
  const auto out = decodeReply(body);
  return out ? "accepted" : out.error().message();
}

}  // namespace

TEST_CASE("jobs come out as they went in") {
  PingJob ping;
  ping.socket = 3;
  ping.target = *net::IpAddr::parse("10.0.0.1");
  ping.count = 4;
  ping.untilAnswered = ping.endOnUnreachable = true;
  ping.interval = 5ms;
  PathJob path;
  path.maxHops = 9;
  HttpJob get;
  get.sockets = {1, 2};
  get.times = 2;
  get.hostHeader = "139.198.18.135:8080";
  get.target = "/a?b";
  get.requestIdPrefix = "id";
  get.parallel = true;
  const std::vector<NumberedJob> jobs{{1, ping}, {UINT64_MAX, path}, {3, get}};
  const auto out = decodeRequest(encodeRequest(jobs));
  REQUIRE(out);
  CHECK(*out == jobs);
}

TEST_CASE("a request is refused for whatever does not belong into it") {
  HttpJob get;
  get.sockets = {0};
  get.hostHeader = "h";
  const std::string http = encodeRequest({{1, get}});
  CHECK(refusal(http, R"("port":80)", R"("port":0)").find("port is out of range") != std::string::npos);
  CHECK(refusal(http, R"("port":80)", R"("port":"80")").find("port is no whole number") != std::string::npos);
  CHECK(refusal(http, R"("port":80)", R"("port":80.5)").find("port is no whole number") != std::string::npos);
  CHECK(refusal(http, R"("port":80)", R"("port":-80)").find("port is no whole number") != std::string::npos);
  CHECK(refusal(http, R"("port":80)", R"("porte":80)").find("has no port") != std::string::npos);
  CHECK(refusal(http, R"("port":80)", R"("port":80,"x":1)").find("unknown member") != std::string::npos);
  CHECK(refusal(http, R"("target":"/")", R"("target":"/ HTTP/1.1\r\nX: y")").find("no path") != std::string::npos);
  CHECK(refusal(http, R"("target":"/")", R"("target":"http://x/")").find("no path") != std::string::npos);
  CHECK(refusal(http, R"("hostHeader":"h")", R"("hostHeader":"h\r\nX: y")").find("no host") != std::string::npos);
  CHECK(refusal(http, R"("requestIdPrefix":"")", R"("requestIdPrefix":"a b")").find("no token") != std::string::npos);
  CHECK(refusal(http, R"("sockets":[0])", R"("sockets":[])").find("one socket per connection") != std::string::npos);
  CHECK(refusal(http, R"("sockets":[0])", R"("sockets":[99999])").find("cannot be") != std::string::npos);
  CHECK(refusal(http, R"("timeout":5000)", R"("timeout":0)").find("out of range") != std::string::npos);
  CHECK(refusal(http, R"("timeout":5000)", R"("timeout":600001)").find("out of range") != std::string::npos);
  CHECK(refusal(http, R"("address":"0.0.0.0")", R"("address":"::1")").find("no IPv4") != std::string::npos);
  CHECK(refusal(http, R"("http":{)", R"("ping":{},"http":{)") != "accepted");
  CHECK(refusal(http, R"("jobs":[)", R"("jobs":[[],)").find("is no object") != std::string::npos);
  for (const char* body : {"", "[]", "{}", "{\"jobs\":{}}", "{\"jobs\":[]", "{\"jobs\":[],\"more\":1}", "\xff"}) {
    CHECK_FALSE(decodeRequest(body));
  }
}

TEST_CASE("replies come out as they went in, any bytes in a page included") {
  std::string page;
  for (int i = 0; i < 256; ++i) {
    page += static_cast<char>(i);
  }
  PingReply ping;
  ping.sent = 3;
  ping.answered = 2;
  ping.last = PingResult::kUnreachable;
  ping.detail = "Destination Net Unreachable from 10.0.0.1";
  ping.rttMs = 1.5;
  PathReply path;
  path.hops = {{std::nullopt, 0, false}, {*net::IpAddr::parse("10.0.0.1"), 0.25, true}};
  path.reached = true;
  const HttpReplies http{{{true, 200, "", 1, 2.5}, {false, 0, "connect: Connection refused", std::nullopt, 1}},
                         {page, "演示"}};
  for (const Reply& reply : {Reply(ping), Reply(path), Reply(http), Reply(JobFailure{"no"})}) {
    const NumberedReply numbered{5, reply};
    const auto out = decodeReply(encodeReply(numbered));
    REQUIRE(out);
    CHECK(*out == numbered);
  }
}

TEST_CASE("a reply is not believed") {
  CHECK(replyRefusal(R"({"number":1})").find("exactly one kind") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"failure":"a","ping":{}})").find("exactly one kind") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"http":{"answers":[{"connected":true,"status":200,"error":"","body":1,"ms":1}],
                       "bodies":["x"]}})")
            .find("body that is not there") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"http":{"answers":[],"bodies":["演"]}})").find("cannot be") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"http":{"answers":[{"connected":true,"status":1000,"error":"","body":null,"ms":1}],
                       "bodies":[]}})")
            .find("out of range") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"path":{"hops":[{"address":"x","rtt":1,"target":false}],"reached":true,
                       "detail":""}})")
            .find("no IPv4") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"ping":{"sent":1,"answered":2,"unreachable":0,"last":"answered","detail":"",
                       "rtt":1,"rttMin":1,"rttAvg":1,"rttMax":1}})")
            .find("answered is out of range") != std::string::npos);
  CHECK(replyRefusal(R"({"number":1,"ping":{"sent":1,"answered":1,"unreachable":0,"last":"won","detail":"",
                       "rtt":-1,"rttMin":1,"rttAvg":1,"rttMax":1}})")
            .find("unknown result") != std::string::npos);
  CHECK(replyRefusal("[1]").find("no object") != std::string::npos);
}
