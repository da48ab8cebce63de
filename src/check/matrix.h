#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "check/probe_port.h"
#include "check/runner.h"
#include "net/ip.h"

// Every server to every server: what the lab says of each pair, against what echo requests see.
namespace vpclab::check {

// A server, who proves that it can send and receive by its own address and its gateway's answer.
struct MatrixNode {
  std::string id;  // for LabPort::openSocket
  std::string title;
  net::IpAddr address;
  net::IpAddr gateway;
  // What it is in, from the narrowest to the widest: vxnet, VPC, region. For matrices that are too large to draw.
  std::array<std::string, 3> groups;
  std::uint64_t rate = 0;  // of its own line, in bits per second; 0: unlimited
};

enum class PairExpectation : std::uint8_t { kReachable, kBlocked, kElsewhere };

struct MatrixSpec {
  std::string lab;
  std::chrono::milliseconds roundTrip{0};  // as CheckSpec's
  double loss = 0;                         // the chance that the lab's lines lose a ping or its answer, at most
  std::uint64_t sharedRate = 0;            // of the slowest line that all of them may share; 0: unlimited
  std::vector<MatrixNode> nodes;
  // Of a pair of them, by their places. kElsewhere: the address means another node there, so that nothing can be seen.
  std::function<PairExpectation(std::size_t from, std::size_t to)> expected;
  std::function<std::string(std::size_t from, std::size_t to)> why;
};

// What is known of a pair, as it is drawn and as programs read it.
enum class Cell : char {
  kSelf = '-',
  kReached = '+',    // as expected
  kBlocked = '.',    // as expected, and both are alive
  kElsewhere = '~',  // not asked
  kMissing = 'X',    // expected to be reached, and is not
  kLeak = '!',       // expected to be blocked, and is reached
  kUntold = '?',     // blocked, but not both are seen to be alive
  kNotRun = ' ',     // stopped before
};

struct Mismatch {
  std::size_t from = 0;
  std::size_t to = 0;
  bool reachable = true;  // what was expected
  std::string why;
  std::string seen;
};

struct MatrixReport {
  std::vector<std::string> rows;  // of Cells
  // Of each pair of vxnets the first few; all of them are in the rows.
  std::vector<Mismatch> mismatches;
  std::vector<std::string> dead;  // nodes that could not prove that they are alive, and why
  double elapsedMs = 0;

  std::size_t count(Cell cell) const;
  std::size_t failures() const { return count(Cell::kMissing) + count(Cell::kLeak) + count(Cell::kUntold); }
  bool passed() const { return failures() == 0 && count(Cell::kNotRun) == 0; }
};

struct MatrixOptions {
  std::stop_token stop;
  std::function<void(std::size_t done, std::size_t total)> progress;  // in pairs; may be empty
};

// A socket per server, some tens of servers at once, thousands of requests in flight in sum, or as few as the lab's own
// slow lines carry (pace.h). A pair whose ping is lost
// is asked once more before that is believed, and more often where the lab's lines lose packets. What goes wrong on
// the way (a socket, the worker) is in the report.
MatrixReport runMatrix(const MatrixSpec& spec, LabPort& lab, ProbePort& probes, const MatrixOptions& options);

// Drawn server by server where that fits a terminal, else by the narrowest groups that do; then what is not as
// expected.
std::string toText(const MatrixSpec& spec, const MatrixReport& report, bool colours);
nlohmann::json toJson(const MatrixSpec& spec, const MatrixReport& report);
// A test case per pair of servers or groups, as toText() draws them.
std::string toJunit(const MatrixSpec& spec, const MatrixReport& report);

}  // namespace vpclab::check
