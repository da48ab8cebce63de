#include "lb/exchange_log.h"

#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "lb/log.h"

using namespace vpclab;

namespace {

// Also that it keeps to the room that it asks for.
std::string line(const lb::ExchangeLog& log, char* (*write)(const lb::ExchangeLog&, char*)) {
  std::string out(lb::mostBytes(log), '\0');
  const char* const end = write(log, out.data());
  REQUIRE(end <= out.data() + out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

}  // namespace

TEST_CASE("HAProxy's example of its HTTP log format, section 8.2.3") {
  lb::ExchangeLog log;
  log.client = "10.0.1.2";
  log.clientPort = 33317;
  lb::LogClock clock;
  log.start = clock.text(1'234'001'654'655);
  log.frontend = "http-in";
  log.backend = "static";
  log.server = "srv1";
  log.requestTime = 10;
  log.queueTime = 0;
  log.connectTime = 30;
  log.responseTime = 69;
  log.totalTime = 109;
  log.status = 200;
  log.bytes = 2750;
  log.processConnections = log.frontendConnections = log.backendConnections = log.serverConnections = 1;
  log.method = "GET";
  log.target = "/index.html";
  CHECK(line(log, lb::writeHttpLine) ==
        "10.0.1.2:33317 [07/Feb/2009:10:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "
        "\"GET /index.html HTTP/1.1\"");
  log.target = "/a\"b\x1b[2J#\xff";
  log.requestCookie = 'V';
  log.responseCookie = 'N';
  log.retries = 2;
  log.redispatched = true;
  log.serverQueue = 3;
  log.backendQueue = 4;
  CHECK(line(log, lb::writeHttpLine) ==
        "10.0.1.2:33317 [07/Feb/2009:10:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - --VN 1/1/1/1/+2 3/4 "
        "\"GET /a#22b#1B[2J#23#FF HTTP/1.1\"");
}

TEST_CASE("what did not come to be") {
  lb::ExchangeLog log;
  log.client = "10.0.0.1";
  log.clientPort = 1;
  lb::LogClock clock;
  log.start = clock.text(0);
  log.frontend = log.backend = "web";
  log.ending = "PR";
  CHECK(
      line(log, lb::writeHttpLine) ==
      "10.0.0.1:1 [01/Jan/1970:00:00:00.000] web web/<NOSRV> -1/-1/-1/-1/-1 -1 0 - - PR-- 0/0/0/0/0 0/0 \"<BADREQ>\"");
  log.queueTime = log.connectTime = 0;
  log.totalTime = 5007;
  log.bytes = 212;
  log.ending = "--";
  CHECK(line(log, lb::writeTcpLine) ==
        "10.0.0.1:1 [01/Jan/1970:00:00:00.000] web web/<NOSRV> 0/0/5007 212 -- 0/0/0/0/0 0/0");
}

TEST_CASE("the longest numbers, and texts of which each byte is encoded") {
  lb::ExchangeLog log;
  const std::string name(100, 'n');
  const std::string bytes(300, '\x01');
  log.client = log.frontend = log.backend = log.server = name;
  lb::LogClock clock;
  log.start = clock.text(0);
  log.clientPort = 65535;
  log.requestTime = log.queueTime = log.connectTime = log.responseTime = log.totalTime =
      std::numeric_limits<long>::min();
  log.status = log.minorVersion = std::numeric_limits<int>::min();
  log.bytes = std::numeric_limits<std::uint64_t>::max();
  log.processConnections = log.frontendConnections = log.backendConnections = log.serverConnections = log.serverQueue =
      log.backendQueue = std::numeric_limits<std::size_t>::max();
  log.retries = std::numeric_limits<unsigned>::max();
  log.redispatched = true;
  log.method = log.target = bytes;
  const std::string longest = line(log, lb::writeHttpLine);
  const std::string ending = "-2147483648\"";
  CHECK(longest.starts_with(name + ":65535 [01/Jan/1970:00:00:00.000] " + name + " " + name + "/" + name +
                            " -9223372036854775808/"));
  CHECK(longest.ends_with("#01 HTTP/1." + ending));
  CHECK(std::count(longest.begin(), longest.end(), '#') == 600);
  CHECK(line(log, lb::writeTcpLine).ends_with("+4294967295 18446744073709551615/18446744073709551615"));
}

TEST_CASE("a name that is not plain is encoded, too") {
  lb::ExchangeLog log;
  log.frontend = log.backend = log.server = "a\x1b\n";
  CHECK(line(log, lb::writeTcpLine).find(" a#1B#0A a#1B#0A/a#1B#0A ") != std::string::npos);
}

TEST_CASE("a clock for logs writes each moment, whichever it wrote before") {
  lb::LogClock clock;
  CHECK(clock.text(0) == "01/Jan/1970:00:00:00.000");
  CHECK(clock.text(1'234'001'654'655) == "07/Feb/2009:10:14:14.655");
  CHECK(clock.text(1'234'001'654'007) == "07/Feb/2009:10:14:14.007");
  CHECK(clock.text(1'234'001'655'000) == "07/Feb/2009:10:14:15.000");
  CHECK(clock.text(1'709'251'199'999) == "29/Feb/2024:23:59:59.999");
  CHECK(clock.text(1'709'251'200'000) == "01/Mar/2024:00:00:00.000");
}

TEST_CASE("a clock for logs tells the wall clock's time of a moment before") {
  lb::LogClock clock;
  const auto now = base::Clock::now();
  const auto unix = lb::unixMilliseconds();
  CHECK(std::abs(clock.unixMilliseconds(now, now) - unix) <= 1'000);
  CHECK(clock.unixMilliseconds(now, now) - clock.unixMilliseconds(now - std::chrono::seconds(90), now) == 90'000);
}
