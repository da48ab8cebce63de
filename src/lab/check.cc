#include "lab/check.h"

#include <algorithm>
#include <array>

#include "lab/nouns.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

PathCheck parsePath(Context& context, const Value& value) {
  const Object object(context, value, kPathCheckShape);
  PathCheck check;
  check.from = parseProber(object);
  check.to = parseTarget(context, object);
  check.within = object.duration("within", check.within);
  for (const ValuePtr& item : object.list("through")) {
    constexpr Field kHop{"", Type::kReference};
    if (checkType(*item, kHop, "a hop of `through`", context.report)) {
      const auto* hop = context.names.resolve(*item, {Kind::kVpc, Kind::kBorderRouter}, context.report);
      check.through.push_back(hop == nullptr ? "" : hop->id);
    }
  }
  return check;
}

const Listener* findListener(const LoadBalancer& balancer, const std::string& name) {
  const Listener* titled = nullptr;
  for (const Listener& listener : balancer.listeners) {
    if (listener.id == name) {
      return &listener;
    }
    titled = listener.title == name ? &listener : titled;
  }
  return titled;
}

// What a backend can be: up or down, unless the file takes it out of service.
std::string_view setState(const Backend& backend) {
  return backend.disabled ? "disabled" : backend.weight == 0 ? "drain" : "";
}

bool canBe(const Backend& backend, std::string_view state) {
  const std::string_view set = setState(backend);
  return set.empty() ? state == "up" || state == "down" : state == set;
}

std::string whyNot(const Backend& backend) {
  return backend.disabled      ? "is disabled"
         : backend.weight == 0 ? "has weight 0"
                               : "is neither disabled nor of weight 0";
}

void checkBackend(Context& context, const Object& object, const BackendCheck& check, const Listener& listener) {
  const std::string_view key = check.server.empty() ? "address" : "server";
  const std::string name = check.server.empty() ? check.address->toString() : quote(check.server);
  const Backend* found = nullptr;
  bool possible = false;
  const auto look = [&](const std::vector<Backend>& backends) {
    for (const Backend& backend : backends) {
      if (check.server.empty() ? backend.address == check.address : backend.server == check.server) {
        found = &backend;
        possible = possible || canBe(backend, check.state);
      }
    }
  };
  look(listener.backends);
  for (const Pool& pool : listener.pools) {
    look(pool.backends);
  }
  if (found == nullptr) {
    context.report.error(object.pos(key), "listener " + quote(listener.id) + " has no backend " + name);
  } else if (!possible) {
    const std::string_view set = setState(*found);
    context.report.error(object.pos("expect"),
                         "backend " + name + " cannot be `" + check.state + "`: it " + whyNot(*found) + " (" +
                             found->pos.toString() + ")",
                         "expect " + (set.empty() ? "`up` or `down`" : "`" + std::string(set) + "`"));
  }
}

BackendCheck parseBackendCheck(Context& context, const Value& value) {
  const Object object(context, value, kBackendCheckShape);
  BackendCheck check;
  check.loadBalancer = object.reference("load_balancer", {Kind::kLoadBalancer});
  check.server = object.reference("server", {Kind::kServer});
  check.address = object.address("address");
  check.state = object.text("expect", check.state);
  check.reason = object.text("reason");
  check.within = object.duration("within", check.within);
  if (object.has("server") && object.has("address")) {
    context.report.error(object.keyPos("address"), "a backend check with `server` and `address`", "one of them");
  } else if (value.isMap() && !object.has("server") && !object.has("address")) {
    context.report.error(value.pos, "a backend check needs `server` or `address`");
  }
  if (object.has("reason") && check.state != "down") {
    context.report.error(object.keyPos("reason"), "`reason` has no effect with `expect: " + check.state + "`",
                         "it is why one is down");
  }
  if (check.loadBalancer.empty() || !object.has("listener")) {
    return check;
  }
  const LoadBalancer& balancer = context.lab.loadBalancers.at(check.loadBalancer);
  if (const Listener* listener = findListener(balancer, object.text("listener"))) {
    check.listener = listener->id;
    if (!check.server.empty() || check.address) {
      checkBackend(context, object, check, *listener);
    }
  } else {
    context.report.error(object.pos("listener"),
                         "load balancer " + called(balancer) + " has no listener " + quote(object.text("listener")));
  }
  return check;
}

void parseCheck(Context& context, const Value& value) {
  const Object object(context, value, kCheckShape);
  constexpr std::array<std::string_view, 7> kKinds{"ping", "path", "backend", "http", "throughput", "loss", "tunnel"};
  std::vector<std::string_view> given;
  for (const auto kind : kKinds) {
    if (object.has(kind)) {
      given.push_back(kind);
    }
  }
  if (given.size() != 1) {
    if (value.isMap()) {
      context.report.error(value.pos, "a check is one of " + listed(kKinds),
                           given.empty() ? "" : "this has " + listed(given, "and"));
    }
    return;
  }
  Check check;
  check.title = object.text("title");
  check.pos = object.keyPos(given.front());
  const Value& what = *object.get(given.front());
  if (given.front() == "ping") {
    check.what = parsePingCheck(context, what);
  } else if (given.front() == "path") {
    check.what = parsePath(context, what);
  } else if (given.front() == "backend") {
    check.what = parseBackendCheck(context, what);
  } else if (given.front() == "throughput") {
    check.what = parseThroughputCheck(context, what);
  } else if (given.front() == "loss") {
    check.what = parseLossCheck(context, what);
  } else if (given.front() == "tunnel") {
    check.what = parseTunnelCheck(context, what);
  } else {
    check.what = parseHttpCheck(context, what);
  }
  context.lab.checks.push_back(std::move(check));
}

}  // namespace

Endpoint parseProber(const Object& object) {
  if (object.text("from") == "internet") {
    return {"internet", std::nullopt};
  }
  return {object.reference("from", {Kind::kServer, Kind::kLoadBalancer, Kind::kVpc}), std::nullopt};
}

Endpoint parseTarget(Context& context, const Object& object) {
  if (object.text("to") == "internet") {
    return {"internet", std::nullopt};
  }
  if (const auto address = object.address("to")) {
    return {"", *address};
  }
  const std::string id = object.reference("to", {Kind::kServer, Kind::kLoadBalancer, Kind::kEip});
  if (const auto eip = context.lab.eips.find(id); eip != context.lab.eips.end()) {
    return {"", eip->second.address};
  }
  return {id, std::nullopt};
}

void parseChecks(Context& context, const std::vector<ValuePtr>& checks) {
  for (const ValuePtr& check : checks) {
    parseCheck(context, *check);
  }
}

}  // namespace vpclab::lab
