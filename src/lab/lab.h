#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "net/ip.h"

// The lab as its author thinks of it: cloud nouns, every reference resolved to an id, every value with its place in the
// file. A Lab that load() returned without errors is consistent: whoever compiles it need not check again.
namespace vpclab::lab {

using base::SourcePos;

// Where each object's values stand in the files; only values that were understood are here.
class Places {
 public:
  void set(const std::string& id, std::string_view key, const SourcePos& pos) {
    places_[id].insert_or_assign(std::string(key), pos);
  }
  bool has(const std::string& id, std::string_view key) const { return find(id, key) != nullptr; }
  std::optional<SourcePos> at(const std::string& id, std::string_view key) const {
    const SourcePos* found = find(id, key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  // Whether they say the same of all objects but these.
  bool areEqualBut(const Places& other, const std::set<std::string>& ids) const;

 private:
  const SourcePos* find(const std::string& id, std::string_view key) const {
    const auto values = places_.find(id);
    if (values == places_.end()) {
      return nullptr;
    }
    const auto found = values->second.find(key);
    return found == values->second.end() ? nullptr : &found->second;
  }

  // By id and key. Not by hashes: who chooses the ids could make them alike.
  std::map<std::string, std::map<std::string, SourcePos, std::less<>>> places_;
};

// What every cloud object has. Ids are slugs ([a-z0-9-]), unique within the lab across all kinds; titles are any UTF-8.
struct Noun {
  std::string id;
  std::string title;  // the id where the file gives none
  SourcePos pos;      // of the id

  bool operator==(const Noun&) const = default;
};

struct Region : Noun {
  bool operator==(const Region&) const = default;
};

// 内网路由策略 of a VPC: traffic to `to` goes to the border router.
struct RoutePolicy {
  std::string name;  // may be empty
  net::Prefix to;
  std::string via;  // border router id
  SourcePos pos;

  bool operator==(const RoutePolicy&) const = default;
};

struct Vpc : Noun {
  std::string region;
  net::Prefix cidr;
  std::vector<RoutePolicy> routePolicies;

  bool operator==(const Vpc&) const = default;
};

struct Vxnet : Noun {
  std::string vpc;
  net::Prefix cidr;
  // Bound to the vxnet: its routes go into each of its servers, beside their default by .1, since the vxnet itself is a
  // bridge and routes nothing. A load balancer in it has a table of its own or none. Empty: none.
  std::string routeTable;

  bool operator==(const Vxnet&) const = default;
};

// What a server serves on a port.
struct HttpPage {
  std::uint16_t port = 80;
  std::string body;         // the page's content; the tutorial's page with the server's title where the file names none
  std::string contentType;  // from the page's file name
  SourcePos pos;

  bool operator==(const HttpPage&) const = default;
};

// What a line does to packets, alike in each direction. The places are of the values, empty where none is given.
struct Impairment {
  std::uint64_t rate = 0;            // bits per second; 0: unlimited
  std::uint32_t delay = 0;           // microseconds
  std::uint32_t jitter = 0;          // microseconds: each packet is delayed by so much more or less, at random
  std::uint32_t lossPerMillion = 0;  // packets lost at random
  SourcePos ratePos;
  SourcePos delayPos;
  SourcePos jitterPos;
  SourcePos lossPos;

  bool any() const { return rate != 0 || delay != 0 || jitter != 0 || lossPerMillion != 0; }

  bool operator==(const Impairment&) const = default;
};

struct Server : Noun {
  std::string vxnet;
  std::optional<net::IpAddr> address;  // not given: the first free one, see compile/allocate.h
  std::optional<HttpPage> http;
  // A command to run in place of our page server; its page (http) is then seen at `documentRoot`/index.html.
  std::vector<std::string> run;
  std::string documentRoot = "/var/www/html";
  std::vector<std::pair<std::string, std::string>> files;  // absolute path -> content, private to the command
  std::string eip;                                         // 1:1 NAT; empty: none
  Impairment line;                                         // its cable to the vxnet

  bool operator==(const Server&) const = default;
};

// A vxnet that a border router has joined, with its address there (borderAddressOf() unless given).
struct Join {
  std::string vxnet;
  net::IpAddr address;
  SourcePos pos;

  bool operator==(const Join&) const = default;
};

// 边界路由器 static route: to a network behind an address in one of the joined vxnets.
struct StaticRoute {
  std::string name;
  net::Prefix to;
  net::IpAddr via;
  SourcePos pos;

  bool operator==(const StaticRoute&) const = default;
};

// A routing domain of a border router. Domains of one router never see each other's packets, so their ranges may
// overlap. A border router that lists its vxnets directly has one domain, "main".
struct Domain {
  std::string id;
  std::vector<Join> joins;
  std::vector<StaticRoute> routes;
  SourcePos pos;

  bool operator==(const Domain&) const = default;
};

struct BorderRouter : Noun {
  std::string region;
  std::vector<Domain> domains;  // sorted by id

  bool operator==(const BorderRouter&) const = default;
};

struct AccessPoint : Noun {
  std::string region;
  std::string borderRouter;
  std::string domain = "main";
  Impairment line;  // its cable to the WAN; `bandwidth` is its rate

  bool operator==(const AccessPoint&) const = default;
};

// 企业云网: all its access points reach each other.
struct Sdwan : Noun {
  std::vector<AccessPoint> accessPoints;  // sorted by id

  bool operator==(const Sdwan&) const = default;
};

struct Eip : Noun {
  std::string region;
  net::IpAddr address;
  Impairment line;  // its leg; `bandwidth` is its rate

  bool operator==(const Eip&) const = default;
};

enum class Protocol : std::uint8_t { kHttp, kTcp };
enum class Balance : std::uint8_t { kRoundRobin, kLeastConnections, kSource };

struct HealthCheck {
  bool http = false;
  std::string path = "/";
  std::string host;
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds timeout{5'000};
  std::uint32_t fall = 2;
  std::uint32_t rise = 5;
  bool passive = true;

  bool operator==(const HealthCheck&) const = default;
};

struct Backend {
  std::string server;                  // id; empty: a plain address
  std::optional<net::IpAddr> address;  // plain address
  std::uint16_t port = 0;
  std::uint32_t weight = 1;
  bool disabled = false;
  bool backup = false;
  std::uint32_t maxConnections = 0;  // 0: any number
  SourcePos pos;

  bool operator==(const Backend&) const = default;
};

enum class Stickiness : std::uint8_t { kOff, kInsert, kPrefix, kRewrite };

struct StickyCookie {
  Stickiness mode = Stickiness::kOff;
  std::string cookie = "SERVERID";
  std::chrono::seconds timeout{0};  // 0: none

  bool operator==(const StickyCookie&) const = default;
};

// Backends beside the default ones.
struct Pool {
  std::string id;
  SourcePos pos;
  Balance balance = Balance::kRoundRobin;
  std::vector<Backend> backends;

  bool operator==(const Pool&) const = default;
};

struct Redirect {
  int status = 0;  // 0: no redirect
  std::string location;
  bool isPrefix = false;  // the request's path and query follow it

  bool operator==(const Redirect&) const = default;
};

// Conditions that are empty are always met.
struct ForwardRule {
  SourcePos pos;
  std::string host;  // lower case; "*." before a name: every name below it
  std::string path;
  std::string pathPrefix;
  std::string headerName;
  std::string headerValue;  // empty: any
  std::optional<net::Prefix> source;
  std::string pool;  // id; empty: the default one
  Redirect redirect;

  bool operator==(const ForwardRule&) const = default;
};

struct Listener {
  std::string id;
  std::string title;
  SourcePos pos;
  Protocol protocol = Protocol::kHttp;
  std::uint16_t port = 0;
  Balance balance = Balance::kRoundRobin;
  HealthCheck healthCheck;
  std::chrono::milliseconds connectTimeout{5'000};
  std::chrono::milliseconds headerTimeout{10'000};
  std::chrono::milliseconds idleTimeout{50'000};
  std::chrono::milliseconds tunnelTimeout{3'600'000};
  std::chrono::milliseconds queueTimeout{5'000};
  std::uint32_t maxConnections = 0;      // 0: any number
  std::uint32_t headerSize = 15 * 1024;  // bytes
  bool forwardedFor = true;
  bool forwardedProto = false;
  bool forwardedId = false;
  bool forwardedAddress = false;
  bool via = true;
  StickyCookie sticky;
  std::vector<Backend> backends;   // the default pool, in the file's order
  std::vector<Pool> pools;         // sorted by id
  std::vector<ForwardRule> rules;  // in the file's order

  std::size_t backendCount() const {
    std::size_t count = backends.size();
    for (const Pool& pool : pools) {
      count += pool.backends.size();
    }
    return count;
  }

  bool operator==(const Listener&) const = default;
};

struct LoadBalancer : Noun {
  std::string vxnet;
  std::optional<net::IpAddr> address;
  std::vector<std::string> eips;
  std::string routeTable;           // empty: none
  std::vector<Listener> listeners;  // sorted by id

  bool operator==(const LoadBalancer&) const = default;
};

struct TableRoute {
  std::string name;
  net::Prefix to;
  std::optional<net::IpAddr> viaAddress;
  std::string viaBorderRouter;  // id; its address in the resource's vxnet is the next hop
  bool disabled = false;
  SourcePos pos;

  bool operator==(const TableRoute&) const = default;
};

struct RouteTable : Noun {
  enum class For : std::uint8_t { kLoadBalancer, kVxnet } usedBy = For::kLoadBalancer;
  std::vector<TableRoute> routes;

  bool operator==(const RouteTable&) const = default;
};

// ---- checks

// A place a check names: a node of the lab, "internet" (the client there), or, for targets, an address.
struct Endpoint {
  std::string node;  // id, or "internet"; empty: an address
  std::optional<net::IpAddr> address;
};

// What a measured value must lie in, both ends included.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string text;        // as the file has it
  bool openAbove = false;  // it names no upper end, and `max` is the most that the field may say

  bool operator==(const Range&) const = default;
};

struct PingCheck {
  Endpoint from;
  Endpoint to;
  bool reachable = true;
  std::uint32_t times = 0;    // where something is measured
  std::optional<Range> rtt;   // microseconds, of the mean
  std::optional<Range> loss;  // in a million, of request and answer together
  std::chrono::milliseconds within{10'000};
};

struct PathCheck {
  Endpoint from;
  Endpoint to;
  std::vector<std::string> through;  // node ids, hop by hop, the target left out
  std::chrono::milliseconds within{10'000};
};

struct BackendCheck {
  std::string loadBalancer;
  std::string listener;
  std::string server;                  // id; or
  std::optional<net::IpAddr> address;  // a plain address
  std::string state = "up";            // up, down, disabled, drain: as the balancer calls it
  std::string reason;                  // a part of the reason that must be given; empty: any
  std::chrono::milliseconds within{10'000};
};

enum class Connections : std::uint8_t { kNew, kKeepAlive, kParallel };

inline constexpr std::int64_t kMaxHttpTimes = 1'000;  // requests of one check

struct HttpCheck {
  Endpoint from;
  std::string url;
  std::uint32_t times = 1;
  Connections connections = Connections::kNew;
  bool reachable = true;                       // false: no connection may come about
  std::optional<int> status;                   // 200 where nothing else is expected
  std::string page;                            // id of the server whose page must come
  std::vector<std::string> rotation;           // server ids; begins anywhere, cyclic
  std::map<std::string, std::uint32_t> share;  // server id -> number of answers
  std::chrono::milliseconds within{10'000};
};

// How much TCP carries, measured in each direction by a sender and a receiver of our own.
struct ThroughputCheck {
  Endpoint from;
  Endpoint to;  // always with its node; with an address too where that is an EIP
  Range rate;   // bits per second
  std::chrono::milliseconds time{2'000};
  std::chrono::milliseconds within{10'000};
};

// How many of a number of UDP packets arrive, counted in each direction.
struct LossCheck {
  Endpoint from;
  Endpoint to;  // as above
  Range loss;   // in a million
  std::uint32_t packets = 1'000;
  std::chrono::milliseconds within{10'000};
};

// That access points have spoken with each other lately.
struct TunnelCheck {
  std::string accessPoint;
  std::string to;                         // access point; empty: every other of its SD-WAN
  std::chrono::milliseconds handshake{};  // its age, at most
  std::chrono::milliseconds within{10'000};
};

struct Check {
  std::string title;  // what the author calls it; may be empty
  SourcePos pos;
  std::variant<PingCheck, PathCheck, BackendCheck, HttpCheck, ThroughputCheck, LossCheck, TunnelCheck> what;
};

struct Lab {
  std::string name;            // slug, at most 32 bytes
  std::string title;           // any UTF-8
  std::string section;         // the heading of what this stage does; may be empty
  bool restartAlways = false;  // comes back by itself after the host has started again
  SourcePos pos;
  // All by id.
  std::map<std::string, Region> regions;
  std::map<std::string, Vpc> vpcs;
  std::map<std::string, Vxnet> vxnets;
  std::map<std::string, Server> servers;
  std::map<std::string, BorderRouter> borderRouters;
  std::map<std::string, Sdwan> sdwans;
  std::map<std::string, Eip> eips;
  std::map<std::string, LoadBalancer> loadBalancers;
  std::map<std::string, RouteTable> routeTables;
  std::vector<Check> checks;  // in the file's order
  Places places;              // of single values; of a listener's under "<load balancer>/<listener>"

  // The place of a value of the object; of its id where the file does not give the value.
  SourcePos placeOf(const Noun& noun, std::string_view key) const { return places.at(noun.id, key).value_or(noun.pos); }
};

}  // namespace vpclab::lab
