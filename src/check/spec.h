#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "net/ip.h"

// A lab's checks, resolved to plain values: addresses in place of ids, and with each place what proves that it works.
// The daemon makes them from lab::Check and what compile gave out.
namespace vpclab::check {

// Something that must answer where all is well: a ping, or a TCP connection if there is a port.
struct Witness {
  net::IpAddr address;
  std::uint16_t port = 0;  // 0: ping
  std::string title;       // what has the address, for people

  bool operator==(const Witness&) const = default;
};

// A node from which probes are sent. Its witnesses prove that it can send and receive at all: for a server its own
// address and its vxnet's .1 (in that order); for the client in the internet its own address and its router.
struct Vantage {
  std::string node;   // for LabPort::openSocket
  std::string title;  // for people
  std::vector<Witness> witnesses;
};

struct Target {
  std::string title;
  net::IpAddr address;
  // The target's own side: from there all its witnesses must answer before "unreachable" means anything. For an HTTP
  // target with a port among them. Not set only where nothing in the lab has the address; the report then says so.
  std::optional<Vantage> alive;
  // "10.2.1.2 is server red-s for red-n": where the prober means another node by the address, whose answers say nothing
  // of this one. Empty: it does not.
  std::string standIn;
};

// What a measured value must lie in, both ends included.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string text;        // for people: "40ms..60ms"
  bool openAbove = false;  // `max` is only the most that there may be

  bool has(double value) const { return value >= static_cast<double>(min) && value <= static_cast<double>(max); }
};

struct PingSpec {
  Vantage from;
  Target to;
  bool reachable = true;
  std::uint32_t times = 0;    // pings, where something is measured
  std::optional<Range> rtt;   // microseconds, of the mean
  std::optional<Range> loss;  // in a million, of request and answer together

  bool measures() const { return rtt.has_value() || loss.has_value(); }
};

struct HopSpec {
  std::string title;
  std::vector<net::IpAddr> addresses;  // any of the node's
};

struct PathSpec {
  Vantage from;
  Target to;
  std::vector<HopSpec> through;  // in order, the target left out
  std::vector<HopSpec> way;      // where the lab's routes lead, to name what is seen in place of what is expected
};

struct BackendSpec {
  std::string loadBalancer;  // id, for LabPort::backends
  std::string loadBalancerTitle;
  std::string listener;
  std::string backend;  // as state::Backend::name; several ports under one name: see judgeBackend()
  std::string backendTitle;
  std::string state = "up";  // as in BackendStatus
  std::string reason;        // a part of the reason that must be given; empty: any
  std::string standIn;       // as Target::standIn, for the load balancer
};

enum class Connections : std::uint8_t { kNew, kKeepAlive, kParallel };

// A server whose page an answer may be.
struct PageSpec {
  std::string title;
  std::string body;
  bool logged = false;  // LabPort::requestIds knows its access log (our page server); false for a `run:` command
};

struct HttpSpec {
  Vantage from;
  Target to;
  std::string url;  // for people
  std::uint16_t port = 80;
  std::string hostHeader;  // "139.198.18.135", with ":port" where that is not 80
  std::string path = "/";  // path and query, as to be sent
  std::uint32_t times = 1;
  Connections connections = Connections::kNew;
  bool reachable = true;
  std::optional<int> status;                   // not set: 200 unless only `reachable` matters
  std::map<std::string, PageSpec> pages;       // by server id: every server that could answer, not only those expected
  std::string page;                            // server id; empty: any page
  std::vector<std::string> rotation;           // server ids; cyclic, begins anywhere
  std::map<std::string, std::uint32_t> share;  // server id -> number of answers
  // Checks with the same group never overlap: the load balancer's id. Empty: no load balancer is involved.
  std::string serialGroup;
};

// How much TCP carries from one node to another, and back.
struct ThroughputSpec {
  Vantage from;
  Target to;
  std::string receiver;                   // the node that has the target's address, for LabPort::openSocket
  Range rate;                             // bits per second, in each direction
  std::chrono::milliseconds time{2'000};  // of each direction
};

// How many UDP packets get lost from one node to another, and back.
struct LossSpec {
  Vantage from;
  Target to;
  std::string receiver;
  Range loss;  // in a million, in each direction
  std::uint32_t packets = 1'000;
};

struct TunnelSpec {
  std::string accessPoint;  // id, for LabPort::tunnelPeers
  std::string accessPointTitle;
  std::vector<std::pair<std::string, std::string>> peers;  // id and title of those that must have been heard of
  std::chrono::milliseconds handshake{};                   // its age, at most
};

struct CheckSpec {
  std::string title;  // what the author calls it; may be empty
  base::SourcePos pos;
  std::chrono::milliseconds within{10'000};  // from the moment the check starts
  std::chrono::milliseconds roundTrip{0};    // what the lab's lines may delay a question and its answer, at most
  std::variant<PingSpec, PathSpec, BackendSpec, HttpSpec, ThroughputSpec, LossSpec, TunnelSpec> what;

  // Disturbs others and is disturbed by them, so that it runs alone.
  bool exclusive() const;
};

}  // namespace vpclab::check
