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
};

struct PingSpec {
  Vantage from;
  Target to;
  bool reachable = true;
};

struct HopSpec {
  std::string title;
  std::vector<net::IpAddr> addresses;  // any of the node's
};

struct PathSpec {
  Vantage from;
  Target to;
  std::vector<HopSpec> through;  // in order, the target left out
};

struct BackendSpec {
  std::string loadBalancer;  // id, for LabPort::backends
  std::string loadBalancerTitle;
  std::string listener;
  std::string backend;  // as state::Backend::name; with several ports under one name all must be in the state
  std::string backendTitle;
  bool up = true;
  std::string reason;  // a part of the reason that must be given; empty: any
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

struct CheckSpec {
  std::string title;  // what the author calls it; may be empty
  base::SourcePos pos;
  std::chrono::milliseconds within{10'000};  // from the moment the check starts
  std::variant<PingSpec, PathSpec, BackendSpec, HttpSpec> what;
};

}  // namespace vpclab::check
