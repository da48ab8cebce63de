#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/diagnostic.h"
#include "base/result.h"
#include "net/ip.h"

// What came of a lab's checks, for people and for machines.
namespace vpclab::check {

struct RoundTrip {
  double minMs = 0;
  double avgMs = 0;
  double maxMs = 0;
  std::uint32_t sent = 0;
  std::uint32_t answered = 0;
};

// A hop of a path check with the name of the node that has the address.
struct SeenHop {
  std::optional<net::IpAddr> address;  // not set: no answer
  std::string title;                   // empty: not one of the nodes that were expected
  double rttMs = 0;
};

// One answer of an HTTP check.
struct SeenAnswer {
  int status = 0;      // 0: none
  std::string server;  // title of the server whose page it is; empty: none that is known
  std::string error;   // empty: there was a response
  double ms = 0;
};

// A value that was measured.
struct Measure {
  std::string what;       // "rtt", "loss", "throughput", "handshake"
  std::string direction;  // "there", "back"; empty: of both together
  double value = 0;
  std::string unit;  // "ms", "%", "bit/s", "s"
};

enum class Outcome : std::uint8_t {
  kPassed,
  kFailed,
  kCancelled,  // stopped before it had a result
};

struct CheckResult {
  std::size_t index = 0;  // in the lab's list of checks
  std::string title;      // may be empty
  std::string kind;       // "ping", "path", "backend", "http", "throughput", "loss", "tunnel"
  base::SourcePos pos;
  std::string from;  // titles of both ends
  std::string to;
  std::string expected;  // "reachable", "by 北京演示VPC1, 北京边界路由器1"
  std::string seen;      // what was seen in place of it, or as it
  Outcome outcome = Outcome::kFailed;
  unsigned rounds = 0;  // how often it was tried
  double elapsedMs = 0;
  std::optional<RoundTrip> roundTrip;
  std::vector<SeenHop> hops;
  std::vector<SeenAnswer> answers;
  std::vector<Measure> measured;
};

struct Report {
  std::string lab;
  std::vector<CheckResult> results;  // in the lab's order

  std::size_t count(Outcome outcome) const;
  bool passed() const;  // every one of them
};

// "file:line:column: ping from A to B: expected reachable, seen ...", for a check that failed.
std::string failureText(const CheckResult& result);

// A table, one line per check, columns aligned by terminal width; below it each failure in full.
std::string toText(const Report& report, bool colours);
nlohmann::json toJson(const Report& report);
// Errors: kProtocol for a document that toJson() has not made.
base::Result<Report> reportFromJson(const nlohmann::json& document);
// JUnit XML, as CI systems read it: one test suite per lab, one test case per check.
std::string toJunit(const Report& report);

}  // namespace vpclab::check
