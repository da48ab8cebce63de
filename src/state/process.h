#pragma once

#include <chrono>
#include <cstdint>
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

struct Backend {
  std::string name;  // a server's id, or the address as text; unique within its listener with the port
  net::IpAddr address;
  std::uint16_t port = 0;
  std::uint32_t weight = 1;  // 0..100; 0 drains
  bool disabled = false;
  bool backup = false;  // used only while every primary is down

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

  bool operator==(const HealthCheck&) const = default;
};

struct Listener {
  std::string name;
  ListenerProtocol protocol = ListenerProtocol::kHttp;
  ListenAddress listen;
  Balance balance = Balance::kRoundRobin;
  HealthCheck healthCheck;
  std::vector<Backend> backends;  // in the file's order, which is the order of round robin
  std::chrono::milliseconds connectTimeout{5'000};
  std::chrono::milliseconds idleTimeout{50'000};  // client and server side
  std::uint32_t maxHeaderBytes = 15 * 1024;
  bool forwardedFor = true;     // X-Forwarded-For
  bool forwardedProto = false;  // X-Forwarded-Proto

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
  std::string netns;  // the node it runs in; empty: a network namespace of its own, with nothing in it
  std::string name;   // "pages", "lb", "run"
  std::variant<PageServer, LoadBalancer, Command> spec;

  bool operator==(const Process&) const = default;
  Key key() const { return {Kind::kProcess, "", netns, name}; }
};

// The sockets that the keeper must open for it, in the order in which the worker gets them.
std::vector<ListenAddress> listenAddresses(const Process& process);

}  // namespace vpclab::state
