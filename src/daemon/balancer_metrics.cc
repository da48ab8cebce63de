#include "daemon/balancer_metrics.h"

#include <array>
#include <functional>

#include "base/text.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

using Type = Exposition::Type;
using Labels = Exposition::Labels;

constexpr std::size_t kMaxText = 200;
constexpr std::size_t kMaxItems = 2000;
constexpr std::array<const char*, 5> kCodes{"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<const char*, 5> kStates{"unknown", "up", "down", "drain", "disabled"};

double number(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string words(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? base::printable(found->get<std::string>().substr(0, kMaxText))
                                                     : "";
}

// One listener, or one backend of it, with the labels that it has in all families.
struct Item {
  Labels labels;
  const json* values;
};

void collect(const json& object, const char* name, const std::function<void(const json&)>& one) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_array()) {
    return;
  }
  for (std::size_t i = 0; i < found->size() && i < kMaxItems; ++i) {
    if ((*found)[i].is_object()) {
      one((*found)[i]);
    }
  }
}

struct Counter {
  const char* member;
  const char* name;
  Type type;
  const char* help;
  double unit = 1;
};

void add(Exposition& into, const std::vector<Item>& items, const std::string& prefix, const Counter& counter) {
  into.family(prefix + counter.name, counter.type, counter.help);
  for (const auto& item : items) {
    into.sample(number(*item.values, counter.member) * counter.unit, item.labels);
  }
}

void addCodes(Exposition& into, const std::vector<Item>& items, const std::string& prefix, const char* help) {
  into.family(prefix + "responses_total", Type::kCounter, help);
  for (const auto& item : items) {
    const auto codes = item.values->find("codes");
    for (const char* code : kCodes) {
      auto labels = item.labels;
      labels.emplace_back("code", code);
      into.sample(codes != item.values->end() && codes->is_object() ? number(*codes, code) : 0, std::move(labels));
    }
  }
}

constexpr double kMs = 0.001;

constexpr std::array kListenerCounters{
    Counter{"open", "connections", Type::kGauge, "Connections that are open"},
    Counter{"connections", "connections_total", Type::kCounter, "Connections taken"},
    Counter{"requests", "requests_total", Type::kCounter, "Requests read, or connections of a TCP listener"},
    Counter{"refused", "refused_total", Type::kCounter, "Requests that were refused as they were"},
    Counter{"redirected", "redirected_total", Type::kCounter, "Requests answered by a redirect"},
    Counter{"retries", "retries_total", Type::kCounter, "Tries with another backend"},
    Counter{"bytesIn", "received_bytes_total", Type::kCounter, "Bytes from clients"},
    Counter{"bytesOut", "sent_bytes_total", Type::kCounter, "Bytes to clients"},
    Counter{"totalMs", "seconds_total", Type::kCounter, "Time that the requests have taken in sum", kMs},
};
constexpr std::array kBackendCounters{
    Counter{"active", "connections", Type::kGauge, "Requests or connections that it has now"},
    Counter{"checks", "checks_total", Type::kCounter, "Health checks"},
    Counter{"requests", "requests_total", Type::kCounter, "Requests sent to it, or connections"},
    Counter{"answered", "answered_total", Type::kCounter, "Requests that it has answered"},
    Counter{"connects", "connects_total", Type::kCounter, "Connections made to it"},
    Counter{"failed", "failed_total", Type::kCounter, "Requests that failed on their way to it or back"},
    Counter{"bytesIn", "received_bytes_total", Type::kCounter, "Bytes from it"},
    Counter{"bytesOut", "sent_bytes_total", Type::kCounter, "Bytes to it"},
    Counter{"connectMs", "connect_seconds_total", Type::kCounter, "Time that connecting has taken in sum", kMs},
    Counter{"responseMs", "response_seconds_total", Type::kCounter, "Time until its first byte in sum", kMs},
    Counter{"queuedMs", "queued_seconds_total", Type::kCounter, "Time that requests have waited for a place in sum",
            kMs},
};

}  // namespace

void addBalancers(Exposition& into, const std::vector<BalancerStatus>& balancers) {
  std::vector<Item> listeners;
  std::vector<Item> pools;
  std::vector<Item> backends;
  for (const auto& balancer : balancers) {
    collect(balancer.status, "listeners", [&](const json& listener) {
      const Labels labels{{"lab", balancer.lab}, {"load_balancer", balancer.id}, {"listener", words(listener, "name")}};
      listeners.push_back({labels, &listener});
      collect(listener, "pools", [&](const json& pool) {
        auto its = labels;
        its.emplace_back("pool", words(pool, "name"));
        pools.push_back({std::move(its), &pool});
      });
      collect(listener, "backends", [&](const json& backend) {
        auto its = labels;
        its.emplace_back("pool", words(backend, "pool"));
        its.emplace_back("backend", words(backend, "name"));
        its.emplace_back("server",
                         words(backend, "address") + ":" + std::to_string(static_cast<int>(number(backend, "port"))));
        backends.push_back({std::move(its), &backend});
      });
    });
  }
  const std::string ofListener = "vpclab_listener_";
  for (const auto& counter : kListenerCounters) {
    add(into, listeners, ofListener, counter);
  }
  addCodes(into, listeners, ofListener, "Responses to clients by the class of their status");
  add(into, pools, "vpclab_pool_", {"queued", "queued", Type::kGauge, "Requests that wait for a backend now"});
  const std::string ofBackend = "vpclab_backend_";
  for (const auto& counter : kBackendCounters) {
    add(into, backends, ofBackend, counter);
  }
  addCodes(into, backends, ofBackend, "Its responses by the class of their status");
  into.family(ofBackend + "state", Type::kGauge, "1 for the state that it is in");
  for (const auto& backend : backends) {
    const std::string now = words(*backend.values, "state");
    for (const char* state : kStates) {
      auto labels = backend.labels;
      labels.emplace_back("state", state);
      into.sample(now == state ? 1 : 0, std::move(labels));
    }
  }
}

}  // namespace vpclab::daemon
