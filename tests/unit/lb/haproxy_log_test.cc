#include <regex>
#include <thread>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/text.h"
#include "unit/lb/haproxy.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

namespace {

using Client = std::function<void(const state::ListenAddress&)>;

void unchanged(state::Listener& /*listener*/) {}

struct Case {
  const char* name;
  std::function<void(int fd)> serve;
  Client client;
  std::function<void(state::Listener&)> ours = unchanged;
  std::string theirs;          // lines of the proxy's section
  std::string serverOptions;   // of theirs
  std::size_t lines = 1;       // that are logged
  bool backendListens = true;  // false: not any more when the request comes
  std::string flags;           // of the manual, where not every version of HAProxy keeps to it
};

Client sends(const std::string& bytes) {
  return [bytes](const state::ListenAddress& address) { (void)raw(address, bytes); };
}

// Sends, then closes with a reset, or in the middle of what comes back.
Client leaves(const std::string& bytes, milliseconds after) {
  return [bytes, after](const state::ListenAddress& address) {
    const auto fd = connectTo(address);
    write(fd.get(), bytes);
    pollfd none{-1, 0, 0};
    ::poll(&none, 1, static_cast<int>(after.count()));
    const linger reset{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  };
}

std::string get(const std::string& target = "/", const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n";
}

void answers(int fd) {
  readUntil(fd, "\r\n\r\n");
  write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

// What two proxies cannot have in common, made alike: the client's port, when it was, how long it took, and how many
// bytes an answer of the proxy's own has.
std::string normal(const std::string& line) {
  static const std::regex kLine(R"((\S+):\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] (\S+ \S+) (\S+) (.*))");
  static const std::regex kTime(R"(\d{1,5})");
  static const std::regex kMinus(R"(-n)");
  std::smatch parts;
  if (!std::regex_match(line, parts, kLine)) {
    return "not of the format: " + line;
  }
  const std::string times = std::regex_replace(std::regex_replace(parts[3].str(), kTime, "n"), kMinus, "-1");
  static const std::regex kBytes(R"(^(\S+) (\d+) - - )");
  std::string rest = std::regex_replace(parts[4].str(), kBytes, "$1 n - - ");
  static const std::regex kTcpBytes(R"(^(\d+) (--|..) )");
  rest = std::regex_replace(rest, kTcpBytes, "n $2 ");
  return parts[1].str() + " " + parts[2].str() + " " + times + " " + rest;
}

std::vector<std::string> exchangeLines(const std::string& log) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < log.size();) {
    const auto end = std::min(log.find('\n', at), log.size());
    const auto line = log.substr(at, end - at);
    if (line.rfind("127.0.0.1:", 0) == 0) {
      out.push_back(normal(line));
    }
    at = end + 1;
  }
  return out;
}

template <class Proxy>
std::vector<std::string> waitForLines(const Proxy& proxy, std::size_t count) {
  std::vector<std::string> out;
  for (int i = 0; i < 500 && (out = exchangeLines(proxy.log())).size() < count; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  return out;
}

void compare(const Case& one) {
  INFO(std::string(one.name));
  std::vector<std::string> theirs;
  std::vector<std::string> ours;
  RawServer backend("127.0.20.100", [&](int fd, int) { one.serve(fd); });
  Listening closing("127.0.20.101");
  const auto address = one.backendListens ? backend.address() : closing.address;
  const std::string server =
      " server s1 " + address.address.toString() + ":" + std::to_string(address.port) + " " + one.serverOptions + "\n";
  {
    const Listening front("127.0.20.103");
    Worker worker;
    auto listener = listenerFor(front, {address});
    listener.headerTimeout = milliseconds(300);
    listener.idleTimeout = listener.connectTimeout = milliseconds(400);
    listener.queueTimeout = milliseconds(200);
    listener.healthCheck.passive = false;
    one.ours(listener);
    REQUIRE(worker.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
    REQUIRE(worker.waitForState("up"));
    if (!one.backendListens) {
      closing.fd.reset();
    }
    one.client(front.address);
    ours = waitForLines(worker, one.lines);
  }
  {
    const Listening front("127.0.20.102");
    const HaProxy haproxy(front, one.theirs + server);
    one.client(front.address);
    theirs = waitForLines(haproxy, one.lines);
    REQUIRE_MESSAGE(theirs.size() == one.lines, haproxy.log());
  }
  if (!one.flags.empty()) {
    static const std::regex kFlags(R"( [A-Za-z-]{4} )");
    theirs.front() = std::regex_replace(theirs.front(), kFlags, " " + one.flags + " ");
  }
  CHECK(base::join(ours, "\n") == base::join(theirs, "\n"));
}

}  // namespace

TEST_CASE("the log says what HAProxy's says") {
  if (!HaProxy::available()) {
    MESSAGE("skipped: HAProxy is not installed");
    return;
  }
  const auto silent = [](int fd) { readUntil(fd, "never"); };
  const auto says = [](const std::string& text) {
    return [text](int fd) {
      readUntil(fd, "\r\n\r\n");
      write(fd, text);
    };
  };
  const auto sticks = [](state::Listener& listener) {
    listener.sticky = {state::Stickiness::kInsert, "SID", std::chrono::seconds(0)};
  };
  const std::vector<Case> cases{
      {"an answer", answers, sends(get("/a?b"))},
      {"HTTP/1.0", answers, sends("GET / HTTP/1.0\r\n\r\n")},
      {"HEAD", answers, sends("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")},
      {"two on one connection", answers, sends("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/2")), unchanged, "", "", 2},
      {"a bad request", answers, sends("GET / HTTP/1.1\r\nHost : a\r\n\r\n")},
      {"a head that does not come", answers, sends("GET / HTTP/1.1\r\nHo")},
      {"a client that leaves in its head", answers, leaves("GET / HTTP/1.1\r\nHo", milliseconds(50))},
      {"no answer in time", silent, sends(get())},
      {"no answer", says(""), sends(get())},
      {"no proper answer", says("nonsense\r\n\r\n"), sends(get())},
      {"half an answer", says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), sends(get())},
      {"an answer that stops",
       [](int fd) {
         readUntil(fd, "\r\n\r\n");
         write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
         readUntil(fd, "never");
       },
       sends(get()), unchanged, "", "", 1, true, "sD--"},  // 3.0 says that the client has left
      {"refused", answers, sends(get()), unchanged, "", "", 1, false},
      {"a switched protocol", says("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
       sends("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")},
      {"a redirect", answers, sends(get("/away")),
       [](state::Listener& listener) {
         listener.rules.resize(1);
         listener.rules[0].path = "/away";
         listener.rules[0].redirect = {302, "/there", false};
       },
       " http-request redirect location /there if { path /away }\n"},
      {"a new client, of a cookie", answers, sends(get()), sticks, " cookie SID insert indirect nocache\n", "cookie x"},
      {"an unknown cookie", answers, sends(get("/", "Cookie: SID=y\r\n")), sticks,
       " cookie SID insert indirect nocache\n", "cookie x"},
      {"a queue that is too long", silent,
       [](const state::ListenAddress& address) {
         std::thread first([&] { (void)raw(address, get("/1")); });
         pollfd none{-1, 0, 0};
         ::poll(&none, 1, 60);
         (void)raw(address, get("/2"));
         first.join();
       },
       [](state::Listener& listener) { listener.backends[0].maxConnections = 1; }, "", "maxconn 1", 2},
      {"a TCP connection", answers, sends(get()),
       [](state::Listener& listener) { listener.protocol = state::ListenerProtocol::kTcp; },
       " mode tcp\n option tcplog\n"},
      {"a TCP connection that is refused", answers, sends(get()),
       [](state::Listener& listener) { listener.protocol = state::ListenerProtocol::kTcp; },
       " mode tcp\n option tcplog\n", "", 1, false},
  };
  for (const auto& one : cases) {
    compare(one);
  }
}

// HAProxy's manual calls this CH, HAProxy 2.6 with abortonclose CD.
TEST_CASE("a client that leaves while it waits for an answer is logged as one") {
  RawServer backend("127.0.20.100", [](int fd, int) { readUntil(fd, "never"); });
  const Listening front("127.0.20.103");
  Worker worker;
  REQUIRE(worker.configure({"lb", "lb", state::LoadBalancer{"lb", {listenerFor(front, {backend.address()})}}},
                           {front.fd.get()})["ok"] == true);
  leaves(get(), milliseconds(50))(front.address);
  const auto lines = waitForLines(worker, 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "127.0.0.1 web web/s1 n/n/n/-1/n -1 n - - CH-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"");
}
