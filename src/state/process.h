#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/ip.h"
#include "state/key.h"

namespace vpclab::state {

// A TCP socket that the keeper opens inside a namespace and hands to a worker, which has no right to open it itself.
struct ListenAddress {
  std::string netns;
  net::IpAddr address;  // 0.0.0.0: every address of the namespace
  std::uint16_t port = 0;

  auto operator<=>(const ListenAddress&) const = default;
};

// One server's web page.
struct PageSite {
  std::string node;  // the server's id
  ListenAddress listen;
  std::string contentType;
  std::string body;

  bool operator==(const PageSite&) const = default;
};

// One worker per lab serves every page of its servers.
struct PageServer {
  std::vector<PageSite> sites;  // sorted by node and port

  bool operator==(const PageServer&) const = default;
};

enum class ListenerProtocol : std::uint8_t { kHttp, kTcp };
enum class Balance : std::uint8_t { kRoundRobin, kLeastConnections, kSource };
enum class HealthCheckKind : std::uint8_t { kTcp, kHttp };
enum class Stickiness : std::uint8_t { kOff, kInsert, kPrefix, kRewrite };

struct Backend {
  std::string name;  // a server's id, or the address as text; unique within its pool with the port
  net::IpAddr address;
  std::uint16_t port = 0;
  std::uint32_t weight = 1;  // 0..100; 0 drains
  bool disabled = false;
  bool backup = false;               // used only while every primary is down
  std::uint32_t maxConnections = 0;  // requests (HTTP) or connections (TCP) in work at once; 0: any number

  bool operator==(const Backend&) const = default;
};

struct HealthCheck {
  HealthCheckKind kind = HealthCheckKind::kTcp;
  std::string path = "/";  // of an HTTP check
  std::string host;        // of an HTTP check; empty: the backend's address
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds timeout{5'000};
  std::uint32_t fall = 2;  // failures in a row until down
  std::uint32_t rise = 5;  // successes in a row until up
  bool passive = true;     // a request that the backend fails counts as a failed check

  bool operator==(const HealthCheck&) const = default;
};

// Which backend a client has had is told by a cookie, as HAProxy's `cookie` does it.
struct StickyCookie {
  Stickiness mode = Stickiness::kOff;
  std::string name;                 // of the cookie; a token. Insert: ours, otherwise the backends' own
  std::chrono::seconds timeout{0};  // of an inserted one, since its last use; 0: as long as the client keeps it

  bool operator==(const StickyCookie&) const = default;
};

// Backends beside the default ones, for the requests that a rule sends there.
struct Pool {
  std::string name;
  Balance balance = Balance::kRoundRobin;
  std::vector<Backend> backends;

  bool operator==(const Pool&) const = default;
};

struct Redirect {
  int status = 0;  // 301, 302, 303, 307, 308; 0: no redirect
  std::string location;
  bool isPrefix = false;  // the request's path and query follow it

  bool operator==(const Redirect&) const = default;
};

// Where a request goes that meets every condition; one that is empty is always met. The first rule that fits counts.
struct ForwardRule {
  std::string host;        // lower case, without port; "*.example.com" is every name below example.com
  std::string path;        // exactly this one
  std::string pathPrefix;  // this one and everything below it
  std::string headerName;
  std::string headerValue;            // empty: any
  std::optional<net::Prefix> source;  // of the client
  std::string pool;                   // empty: the default one
  Redirect redirect;                  // in place of a pool

  bool operator==(const ForwardRule&) const = default;
};

struct Listener {
  std::string name;
  ListenerProtocol protocol = ListenerProtocol::kHttp;
  ListenAddress listen;
  Balance balance = Balance::kRoundRobin;
  HealthCheck healthCheck;        // of all its backends
  std::vector<Backend> backends;  // the default pool, in the file's order, which is the order of round robin
  std::vector<Pool> pools;        // sorted by name
  std::vector<ForwardRule> rules;
  StickyCookie sticky;
  std::chrono::milliseconds connectTimeout{5'000};
  std::chrono::milliseconds headerTimeout{10'000};     // of a request's head, from its first byte to its last
  std::chrono::milliseconds idleTimeout{50'000};       // client and server side
  std::chrono::milliseconds tunnelTimeout{3'600'000};  // in place of it behind a 101
  std::chrono::milliseconds queueTimeout{5'000};       // until a backend is below its maxConnections
  std::uint32_t maxConnections = 0;                    // of clients; 0: what the worker can hold
  std::uint32_t maxHeaderBytes = 15 * 1024;
  bool forwardedFor = true;       // X-Forwarded-For
  bool forwardedProto = false;    // X-Forwarded-Proto
  bool forwardedId = false;       // QC-LBID: the load balancer's id
  bool forwardedAddress = false;  // QC-LBIP: the address of it that the client has reached
  bool via = true;                // RFC 9110 section 7.6.3

  bool operator==(const Listener&) const = default;
};

// One load balancer: one worker in the balancer's own namespace.
struct LoadBalancer {
  std::string id;
  std::vector<Listener> listeners;  // sorted by name

  bool operator==(const LoadBalancer&) const = default;
};

// A file that a command sees in its private mount namespace in place of what is there.
struct PrivateFile {
  std::string path;  // absolute
  std::string content;

  bool operator==(const PrivateFile&) const = default;
};

// Any command that the lab names, in a server's namespace: private mount namespace (/run, /tmp, /var/log, its files),
// private PID namespace, the node's id as host name.
struct Command {
  std::vector<std::string> argv;
  std::vector<PrivateFile> files;

  bool operator==(const Command&) const = default;
};

// A supervised process of a lab. The keeper starts it, restarts it with back-off and keeps its last output.
struct Process {
  base::SharedString netns;  // the node it runs in; empty: a network namespace of its own, with nothing in it
  base::SharedString name;   // "pages", "lb", "run"
  std::variant<PageServer, LoadBalancer, Command> spec;
  // Of an observed worker: the program's file was replaced since it started. Nobody desires it, and it does not travel.
  bool outdated = false;
  // Of an observed one: it has ended, or its namespace is gone, and the keeper will start it again. Likewise.
  bool ended = false;

  bool operator==(const Process&) const = default;
  Key key() const { return {Kind::kProcess, "", netns, name}; }
};

// The sockets that the keeper must open for it, in the order in which the worker gets them.
std::vector<ListenAddress> listenAddresses(const Process& process);

}  // namespace vpclab::state
