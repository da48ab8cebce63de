#include "check/expect.h"

#include <doctest/doctest.h>

using namespace vpclab;
using namespace vpclab::check;

namespace {

net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}

PingReply ping(std::uint32_t sent, std::uint32_t answered, std::uint32_t unreachable, PingResult last,
               const char* detail = "") {
  PingReply out;
  out.sent = sent;
  out.answered = answered;
  out.unreachable = unreachable;
  out.last = last;
  out.detail = detail;
  return out;
}

HttpSpec rotation() {
  HttpSpec out;
  out.times = 6;
  out.pages = {{"a", {"A", "page a", true}}, {"b", {"B", "page b", true}}, {"c", {"C", "page c", true}}};
  out.rotation = {"a", "b", "c"};
  return out;
}

// One character per answer.
HttpReplies answers(const std::string& servers) {
  HttpReplies out;
  for (const char server : servers) {
    HttpReply answer;
    answer.connected = true;
    answer.status = 200;
    answer.body = out.bodies.size();
    out.bodies.push_back(std::string("page ") + server);
    out.answers.push_back(answer);
  }
  return out;
}

RequestIds logOf(const std::string& servers) {
  RequestIds out;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    out[std::string(1, servers[i])].push_back("id-" + std::to_string(i));
  }
  return out;
}

Verdict judge(const HttpSpec& spec, const std::string& servers) {
  return judgeHttp(spec, answers(servers), logOf(servers), "id");
}

}  // namespace

TEST_CASE("unreachable needs three probes in silence, or an ICMP error; never an answer or a probe that was not sent") {
  PingSpec spec;
  spec.to.alive = Vantage{};
  CHECK(judgeUnreachable(spec, ping(3, 0, 0, PingResult::kTimeout)).passed);
  CHECK(judgeUnreachable(spec, ping(1, 0, 1, PingResult::kUnreachable, "x")).passed);
  CHECK_FALSE(judgeUnreachable(spec, ping(2, 0, 0, PingResult::kTimeout)).passed);
  CHECK_FALSE(judgeUnreachable(spec, ping(0, 0, 0, PingResult::kTimeout)).passed);
  CHECK_FALSE(judgeUnreachable(spec, ping(3, 1, 0, PingResult::kTimeout)).passed);
  CHECK_FALSE(judgeUnreachable(spec, ping(3, 1, 1, PingResult::kUnreachable)).passed);
  CHECK_FALSE(judgeUnreachable(spec, ping(3, 0, 0, PingResult::kError, "sendto: No buffer space")).passed);
  spec.to.alive.reset();
  CHECK(judgeUnreachable(spec, ping(3, 0, 0, PingResult::kTimeout)).seen ==
        "none of 3 answered (no node of the lab has this address)");
}

TEST_CASE("who is not reached by an address that is another's: nothing may arrive, at a receiver that works") {
  PingSpec spec;
  spec.from.title = "A";
  spec.to = {"B", ip("10.0.0.2"), Vantage{}, "10.0.0.2 is C for A"};
  const CountReply works{{1, 1}, {1, 1}, ""};
  const CountReply nothing{{0, 0}, {0, 0}, CountReply::kNothingArrives};
  CHECK(judgeArrival(spec, works, nothing).passed);
  CHECK(judgeArrival(spec, works, nothing).seen == "10.0.0.2 is C for A; nothing sent there arrives at B");
  // Whether or not its answers get home.
  for (const CountReply& arrived :
       {works, CountReply{{1, 1}, {0, 0}, "send: Network is unreachable"}, CountReply{{1, 0}, {1, 0}, ""}}) {
    const Verdict verdict = judgeArrival(spec, works, arrived);
    CHECK_FALSE(verdict.passed);
    CHECK(verdict.seen == "what A sends to 10.0.0.2 arrives at B");
  }
  CHECK_FALSE(judgeArrival(spec, nothing, nothing).passed);
  CHECK(judgeArrival(spec, nothing, nothing).seen ==
        "cannot tell: B does not get what it sends to itself: no packet arrives");
  const CountReply unsent{{0, 0}, {0, 0}, "no packet arrives; send: Operation not permitted"};
  CHECK_FALSE(judgeArrival(spec, works, unsent).passed);
  CHECK(judgeArrival(spec, works, unsent).seen == "cannot tell: no packet arrives; send: Operation not permitted");
}

TEST_CASE("reachable needs one answer") {
  CHECK(judgeReachable(ping(9, 1, 0, PingResult::kTimeout)).passed);
  const Verdict none = judgeReachable(ping(2, 0, 2, PingResult::kUnreachable, "Destination Net Unreachable from X"));
  CHECK_FALSE(none.passed);
  CHECK(none.seen == "0 of 2 answered: Destination Net Unreachable from X");
}

TEST_CASE("a witness that is silent is named") {
  const std::vector<Witness> witnesses{{ip("10.0.0.1"), 0, "gateway"}, {ip("10.0.0.2"), 80, "self"}};
  const Reply good = ping(1, 1, 0, PingResult::kAnswered);
  const Reply open = HttpReplies{{{true, 0, "", std::nullopt, 1}}, {}};
  const Reply shut = HttpReplies{{{false, 0, "connect: Connection refused", std::nullopt, 1}}, {}};
  CHECK_FALSE(silentWitness(witnesses, {good, open}));
  CHECK(silentWitness(witnesses, {good, shut}) == "self (10.0.0.2:80) does not answer it: connect: Connection refused");
  CHECK(silentWitness(witnesses, {ping(1, 0, 0, PingResult::kTimeout, "no answer within 1 ms"), open}) ==
        "gateway (10.0.0.1) does not answer it: no answer within 1 ms");
  CHECK(silentWitness(witnesses, {good}));
}

TEST_CASE("a path is the expected nodes in order, then the target itself") {
  PathSpec spec;
  spec.to = {"T", ip("10.0.0.9"), std::nullopt};
  spec.through = {{"R1", {ip("10.0.0.1"), ip("10.1.0.1")}}, {"R2", {ip("10.0.0.2")}}};
  const Hop r1{ip("10.1.0.1"), 1, false};
  const Hop r2{ip("10.0.0.2"), 1, false};
  const Hop target{ip("10.0.0.9"), 1, true};
  CHECK(judgePath(spec, {{r1, r2, target}, true, ""}).passed);
  CHECK_FALSE(judgePath(spec, {{r2, r1, target}, true, ""}).passed);
  CHECK_FALSE(judgePath(spec, {{r1, target}, true, ""}).passed);
  CHECK_FALSE(judgePath(spec, {{r1, r2, r2, target}, true, ""}).passed);
  CHECK_FALSE(judgePath(spec, {{r1, {std::nullopt, 0, false}, target}, true, ""}).passed);
  CHECK_FALSE(judgePath(spec, {{r1, r2, {ip("10.0.0.8"), 1, true}}, true, ""}).passed);
  const Verdict cut = judgePath(spec, {{r1}, false, "Destination Net Unreachable from 10.1.0.1"});
  CHECK_FALSE(cut.passed);
  CHECK(cut.seen == "R1 (10.1.0.1); did not arrive: Destination Net Unreachable from 10.1.0.1");
  CHECK(judgePath(spec, {{{ip("10.7.0.1"), 1, false}, target}, true, ""}).seen == "10.7.0.1");
}

TEST_CASE("a backend is in a state for a reason") {
  BackendSpec spec;
  spec.backend = "b";
  spec.state = "down";
  spec.reason = "unreachable";
  CHECK(judgeBackend(spec, {{"a", "up", ""}, {"b", "down", "connect: Network is unreachable"}}).passed);
  CHECK_FALSE(judgeBackend(spec, {{"b", "down", "connect: Connection refused"}}).passed);
  CHECK_FALSE(judgeBackend(spec, {{"b", "checking", ""}}).passed);
  CHECK_FALSE(judgeBackend(spec, {{"a", "down", "unreachable"}}).passed);
  const Verdict two = judgeBackend(spec, {{"b", "down", "unreachable"}, {"b", "up", ""}});
  CHECK_FALSE(two.passed);
  CHECK(two.seen == "up");
}

TEST_CASE("what the file takes out of service is neither up nor down, and no reason for its twin to fail") {
  BackendSpec spec;
  spec.backend = "b";
  CHECK(expectedText({.what = spec}) == "up");
  CHECK_FALSE(judgeBackend(spec, {{"b", "disabled", ""}}).passed);
  CHECK(judgeBackend(spec, {{"b", "disabled", ""}}).seen == "disabled");
  CHECK(judgeBackend(spec, {{"b", "disabled", ""}, {"b", "up", ""}, {"b", "drain", ""}}).passed);
  CHECK_FALSE(judgeBackend(spec, {{"b", "disabled", ""}, {"b", "down", "refused"}}).passed);
  for (const std::string state : {"disabled", "drain"}) {
    CAPTURE(state);
    spec.state = state;
    CHECK(expectedText({.what = spec}) == state);
    CHECK(judgeBackend(spec, {{"b", state, ""}}).passed);
    CHECK(judgeBackend(spec, {{"b", "down", "refused"}, {"b", state, ""}}).passed);
    CHECK_FALSE(judgeBackend(spec, {{"b", "up", ""}, {"a", state, ""}}).passed);
    CHECK_FALSE(judgeBackend(spec, {}).passed);
  }
}

TEST_CASE("a rotation begins anywhere and is exact") {
  const HttpSpec spec = rotation();
  for (const char* good : {"abcabc", "bcabca", "cabcab"}) {
    CHECK(judge(spec, good).passed);
  }
  CHECK(judge(spec, "bcabca").seen == "200 from 2 × (B, C, A)");
  for (const char* bad : {"abcacb", "aabbcc", "acbacb"}) {
    const Verdict verdict = judge(spec, bad);
    CHECK_FALSE(verdict.passed);
    CHECK(verdict.outOfOrder);
  }
  for (const char* bad : {"aaaaaa", "ababab", "abcabx"}) {
    const Verdict verdict = judge(spec, bad);
    CHECK_FALSE(verdict.passed);
    CHECK_FALSE(verdict.outOfOrder);
  }
  CHECK(judge(spec, "aaaaaa").seen == "200 from 6 × A");
  CHECK_FALSE(judge(spec, "abc").passed);
}

TEST_CASE("page and access log must tell the same server") {
  const HttpSpec spec = rotation();
  CHECK_FALSE(judgeHttp(spec, answers("abcabc"), logOf("abcab"), "id").passed);   // one is missing
  CHECK_FALSE(judgeHttp(spec, answers("abcabc"), logOf("abcacb"), "id").passed);  // two are swapped
  RequestIds twice = logOf("abcabc");
  twice["a"].push_back("id-0");
  CHECK_FALSE(judgeHttp(spec, answers("abcabc"), twice, "id").passed);
  HttpSpec unlogged = spec;
  for (auto& [id, page] : unlogged.pages) {
    page.logged = false;
  }
  CHECK(judgeHttp(unlogged, answers("abcabc"), {}, "id").passed);
}

TEST_CASE("equal pages are told apart by the log") {
  HttpSpec spec = rotation();
  spec.pages["b"].body = "page a";
  const HttpReplies same = answers("aacaac");
  CHECK(judgeHttp(spec, same, logOf("abcabc"), "id").passed);
  CHECK_FALSE(judgeHttp(spec, same, {}, "id").passed);
}

TEST_CASE("share counts, status and page") {
  HttpSpec spec = rotation();
  spec.rotation.clear();
  spec.share = {{"a", 3}, {"b", 2}, {"c", 1}};
  CHECK(judge(spec, "aabbca").passed);
  CHECK(judge(spec, "aabbca").seen == "200 from 3 × A, 2 × B, 1 × C");
  CHECK(judge(spec, "bcbbcb").seen == "200 from 4 × B, 2 × C");
  CHECK(judge(spec, "aabbcx").seen == "200 from 1 × an unknown page, 2 × A, 2 × B, 1 × C");
  CHECK(judge(spec, "aabbcc").outOfOrder);
  CHECK_FALSE(judge(spec, "aabbcx").passed);
  spec.share.clear();
  spec.page = "a";
  CHECK(judge(spec, "aaaaaa").passed);
  CHECK_FALSE(judge(spec, "aaaaab").passed);
  spec.page.clear();
  spec.status = 503;
  CHECK(judge(spec, "aaaaaa").seen == "request 1: status 200");
  HttpReplies broken = answers("aaaaaa");
  broken.answers[4].error = "connect: Connection refused";
  spec.status = 200;
  CHECK(judgeHttp(spec, broken, {}, "id").seen == "request 5: connect: Connection refused");
}

TEST_CASE("no connection means none of at least three") {
  HttpSpec spec;
  spec.to.alive = Vantage{};
  const HttpReply refused{false, 0, "connect: Connection refused", std::nullopt, 1};
  const HttpReply open{true, 0, "", std::nullopt, 1};
  CHECK(judgeNoConnection(spec, {{refused, refused, refused}, {}}).passed);
  CHECK_FALSE(judgeNoConnection(spec, {{refused, refused}, {}}).passed);
  CHECK_FALSE(judgeNoConnection(spec, {{refused, open, refused}, {}}).passed);
}
