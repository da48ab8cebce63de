#include <doctest/doctest.h>

#include "base/file.h"
#include "http/blocking.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

namespace {

// A backend that answers with the head that it got.
void echoHead(int fd, const std::string& fields = "") {
  const auto head = readUntil(fd, "\r\n\r\n");
  write(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) + "\r\nConnection: close\r\n" + fields +
                "\r\n" + head);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string ask(const state::ListenAddress& address, const std::string& target, const std::string& fields = "") {
  return raw(address, "GET " + target + " HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n" + fields + "\r\n");
}

// The value of a cookie that was set.
std::string cookieIn(const std::string& answer, const std::string& name) {
  const auto at = answer.find("Set-Cookie: " + name + "=");
  return at == std::string::npos
             ? ""
             : answer.substr(at + 13 + name.size(), answer.find_first_of(";\r", at) - at - 13 - name.size());
}

}  // namespace

TEST_CASE("rules send requests to pools, or elsewhere") {
  RawServer one("127.0.20.61", [](int fd, int) { echoHead(fd, "X-Server: one\r\n"); });
  RawServer other("127.0.20.62", [](int fd, int) { echoHead(fd, "X-Server: two\r\n"); });
  Listening front("127.0.20.63");
  Worker balancer;
  auto listener = listenerFor(front, {one.address()});
  listener.pools = {{"two", state::Balance::kRoundRobin, {{"s2", other.address().address, other.address().port}}}};
  state::ForwardRule two;
  two.pathPrefix = "/two";
  two.pool = "two";
  state::ForwardRule away;
  away.path = "/away";
  away.redirect = {308, "https://other.example", true};
  listener.rules = {two, away};
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  REQUIRE(balancer.waitForState("up"));
  CHECK(has(ask(front.address, "/"), "X-Server: one"));
  CHECK(has(ask(front.address, "/two"), "X-Server: two"));
  CHECK(has(ask(front.address, "/twofold"), "X-Server: one"));
  const auto answer = ask(front.address, "/away?x=y");
  CHECK(answer.rfind("HTTP/1.1 308 Permanent Redirect\r\n", 0) == 0);
  CHECK(has(answer, "\r\nLocation: https://other.example/away?x=y\r\n"));
  // A redirect ends no connection, and a pool of its own has a turn of its own.
  const auto both = raw(
      front.address, "GET /away HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(has(both, "308"));
  CHECK(has(both, "X-Server: two"));
  const auto status = balancer.status()["listeners"][0];
  CHECK(status["redirected"] == 2);
  CHECK(status["refused"] == 0);
  CHECK(status["codes"]["3xx"] == 2);
  CHECK(status["backends"][1]["pool"] == "two");
  CHECK(status["backends"][1]["requests"] == 2);
  CHECK(status["pools"].size() == 2);
  const auto log = balancer.waitForLog("GET /away HTTP/1.1");
  CHECK(has(log, " web two/s2 "));
  CHECK(has(log, " web web/<NOSRV> 0/-1/-1/-1/0 308 "));
  CHECK(has(log, " - - LR-- "));
  // Taken away, the pool's requests go to the default one.
  listener.pools.clear();
  listener.rules.clear();
  apply();
  CHECK(has(ask(front.address, "/two"), "X-Server: one"));
}

TEST_CASE("a TCP listener's rules go by the client's address") {
  RawServer a("127.0.20.50", [](int fd, int) { write(fd, readUntil(fd, "x") + "a"); });
  RawServer b("127.0.20.51", [](int fd, int) { write(fd, readUntil(fd, "x") + "b"); });
  Listening front("127.0.20.52");
  Worker balancer;
  auto listener = listenerFor(front, {a.address()});
  listener.protocol = state::ListenerProtocol::kTcp;
  listener.pools = {{"b", state::Balance::kRoundRobin, {{"b", b.address().address, b.address().port}}}};
  listener.rules.resize(1);
  listener.rules[0].pool = "b";
  listener.rules[0].source = net::Prefix::parse("192.0.2.0/24");
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  CHECK(raw(front.address, "x") == "xa");
  listener.rules[0].source = net::Prefix::parse("127.0.0.0/8");
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  CHECK(raw(front.address, "x") == "xb");
}

TEST_CASE("an inserted cookie keeps a client with its backend, and is the balancer's own business") {
  RawServer one("127.0.20.53", [](int fd, int) { echoHead(fd, "X-Server: one\r\n"); });
  RawServer two("127.0.20.54", [](int fd, int) { echoHead(fd, "X-Server: two\r\n"); });
  Listening front("127.0.20.55");
  Worker balancer;
  auto listener = listenerFor(front, {one.address(), two.address()});
  listener.sticky = {state::Stickiness::kInsert, "SID", std::chrono::seconds(0)};
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  REQUIRE(balancer.waitForState("up"));
  const auto first = ask(front.address, "/");
  const std::string id = cookieIn(first, "SID");
  CHECK(has(first, "X-Server: one"));
  CHECK(id.size() == 16);
  CHECK(has(first, "\r\nCache-Control: private\r\n"));
  CHECK(has(balancer.waitForLog("\"\n"), " --NI "));
  for (int i = 0; i < 3; ++i) {
    const auto again = ask(front.address, "/", "Cookie: a=b; SID=" + id + "; c=d\r\n");
    CHECK(has(again, "X-Server: one"));
    CHECK_FALSE(has(again, "SID"));  // neither set again nor seen by the backend
    CHECK(has(again, "Cookie: a=b; c=d\r\n"));
  }
  CHECK(has(balancer.waitForLog("VN"), " --VN "));
  // It drains: those who have it stay.
  listener.backends[0].weight = 0;
  apply();
  CHECK(has(ask(front.address, "/", "Cookie: SID=" + id + "\r\n"), "X-Server: one"));
  CHECK(has(ask(front.address, "/"), "X-Server: two"));
  // It is out of service: another one, and its cookie.
  listener.backends[0].disabled = true;
  apply();
  const auto moved = ask(front.address, "/", "Cookie: SID=" + id + "\r\n");
  CHECK(has(moved, "X-Server: two"));
  CHECK(cookieIn(moved, "SID").size() == 16);
  CHECK(cookieIn(moved, "SID") != id);
  CHECK(has(balancer.waitForLog("DI"), " --DI "));
  CHECK(has(ask(front.address, "/", "Cookie: SID=nobody\r\n"), "Set-Cookie: SID="));
  CHECK(has(balancer.waitForLog("II"), " --II "));
}

TEST_CASE("a switch of protocols binds its client too") {
  RawServer backend("127.0.20.64", [](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  });
  Listening front("127.0.20.65");
  Worker balancer;
  auto listener = listenerFor(front, {backend.address()});
  listener.sticky = {state::Stickiness::kInsert, "SID", std::chrono::seconds(0)};
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  const auto answer = raw(front.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  CHECK(answer.rfind("HTTP/1.1 101 ", 0) == 0);
  CHECK(cookieIn(answer, "SID").size() == 16);
}

TEST_CASE("a backend's own cookie, with a prefix or rewritten") {
  const auto setsCookie = [](int fd, int) { echoHead(fd, "Set-Cookie: JS=abc; Path=/\r\nSet-Cookie: x=y\r\n"); };
  RawServer one("127.0.20.56", setsCookie);
  RawServer two("127.0.20.57", setsCookie);
  Listening front("127.0.20.58");
  Worker balancer;
  auto listener = listenerFor(front, {one.address(), two.address()});
  const auto apply = [&](state::Stickiness mode) {
    listener.sticky = {mode, "JS", std::chrono::seconds(0)};
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
    REQUIRE(balancer.waitForState("up"));
  };
  const auto requests = [&](int backend) {
    return balancer.status()["listeners"][0]["backends"][backend]["requests"].get<int>();
  };
  apply(state::Stickiness::kPrefix);
  const auto first = ask(front.address, "/");
  const std::string value = cookieIn(first, "JS");
  CHECK(value.size() == 20);
  CHECK(value.substr(16) == "~abc");
  CHECK(has(first, "Set-Cookie: x=y\r\n"));
  for (int i = 0; i < 3; ++i) {
    CHECK(has(ask(front.address, "/", "Cookie: JS=" + value + "\r\n"), "Cookie: JS=abc\r\n"));
  }
  CHECK(requests(0) == 4);
  apply(state::Stickiness::kRewrite);
  const std::string id = cookieIn(ask(front.address, "/"), "JS");
  CHECK(id.size() == 16);
  CHECK(requests(1) == 1);
  for (int i = 0; i < 3; ++i) {
    CHECK(has(ask(front.address, "/", "Cookie: JS=" + id + "\r\n"), "Cookie: JS=" + id + "\r\n"));
  }
  CHECK(requests(1) == 4);
  CHECK(has(balancer.waitForLog("VR"), " --VR "));
}

TEST_CASE("the balancer's own headers: each on or off, never the client's word for them") {
  RawServer backend("127.0.20.59", [](int fd, int) { echoHead(fd); });
  Listening front("127.0.20.60");
  Worker balancer;
  auto listener = listenerFor(front, {backend.address()});
  listener.forwardedProto = listener.forwardedId = listener.forwardedAddress = true;
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"my-lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  const std::string forged =
      "Connection: close, X-Forwarded-For, X-Forwarded-Proto, QC-LBID, QC-LBIP, Via\r\nX-Forwarded-For: 192.0.2.1\r\n"
      "X_Forwarded_For: 192.0.2.2\r\nX-Forwarded-Proto: https\r\nQC-LBID: other\r\nqc_lbid: other\r\n"
      "QC-LBIP: 192.0.2.3\r\n";
  const auto seen = ask(front.address, "/", forged);
  CHECK(has(seen, "X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n"));
  CHECK(has(seen, "X-Forwarded-Proto: http\r\n"));
  CHECK(has(seen, "QC-LBID: my-lb\r\n"));
  CHECK(has(seen, "QC-LBIP: 127.0.20.60\r\n"));
  CHECK(has(seen, "Via: 1.1 vpclab\r\n"));
  CHECK_FALSE(has(seen, "other"));
  CHECK_FALSE(has(seen, "https"));
  CHECK_FALSE(has(seen, "192.0.2.2"));
  CHECK_FALSE(has(seen, "192.0.2.3"));
  listener.forwardedFor = listener.forwardedProto = listener.forwardedId = listener.forwardedAddress = listener.via =
      false;
  apply();
  const auto plain = ask(front.address, "/");
  CHECK_FALSE(has(plain, "X-Forwarded"));
  CHECK_FALSE(has(plain, "QC-"));
  CHECK_FALSE(has(plain, "Via"));
}
