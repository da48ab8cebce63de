#include "daemon/listener_view.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxText = 400;
constexpr std::size_t kMaxItems = 2000;

std::uint64_t count(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string words(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>().substr(0, kMaxText) : "";
}

// "2026-11-25T08:31:07Z"
std::string timeText(std::uint64_t unixMs) {
  const auto seconds = static_cast<std::time_t>(std::min<std::uint64_t>(unixMs / 1000, 253'402'300'799));
  std::tm parts{};
  std::array<char, 32> out{};
  ::gmtime_r(&seconds, &parts);
  out[std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)] = 0;
  return out.data();
}

json mean(std::uint64_t sum, std::uint64_t number) {
  return number == 0 ? json() : json(sum / number);
}

json codes(const json& object) {
  json out = json::object();
  if (const auto found = object.find("codes"); found != object.end() && found->is_object()) {
    for (const char* name : {"1xx", "2xx", "3xx", "4xx", "5xx"}) {
      if (const auto number = count(*found, name); number > 0) {
        out[name] = number;
      }
    }
  }
  return out;
}

template <class View>
json listOf(const json& object, const char* name, View view) {
  json out = json::array();
  if (const auto found = object.find(name); found != object.end() && found->is_array()) {
    for (const json& one : *found) {
      if (one.is_object() && out.size() < kMaxItems) {
        out.push_back(view(one));
      }
    }
  }
  return out;
}

json poolView(const json& pool) {
  return {
      {"name", words(pool, "name")}, {"queued", count(pool, "queued")}, {"longest_queue", count(pool, "longestQueue")}};
}

json backendView(const json& backend) {
  return {{"pool", words(backend, "pool")},
          {"name", words(backend, "name")},
          {"address", words(backend, "address")},
          {"port", count(backend, "port")},
          {"state", words(backend, "state")},
          {"since", timeText(count(backend, "sinceMs"))},
          {"reason", words(backend, "reason")},
          {"checks", count(backend, "checks")},
          {"active", count(backend, "active")},
          {"requests", count(backend, "requests")},
          {"failed", count(backend, "failed")},
          {"received_bytes", count(backend, "bytesIn")},
          {"sent_bytes", count(backend, "bytesOut")},
          {"codes", codes(backend)},
          {"mean_connect_ms", mean(count(backend, "connectMs"), count(backend, "connects"))},
          {"mean_response_ms", mean(count(backend, "responseMs"), count(backend, "answered"))}};
}

json flipView(const json& flip) {
  return {{"time", timeText(count(flip, "unixMs"))},
          {"pool", words(flip, "pool")},
          {"backend", words(flip, "backend")},
          {"state", words(flip, "state")},
          {"reason", words(flip, "reason")}};
}

}  // namespace

base::Result<json> listenerView(const json& status, const std::string& listener) {
  const auto listeners = status.is_object() ? status.find("listeners") : status.end();
  if (listeners == status.end() || !listeners->is_array()) {
    return base::fail(base::ErrorKind::kProtocol, "the worker's status: no listeners");
  }
  const auto found = std::find_if(listeners->begin(), listeners->end(),
                                  [&](const json& one) { return one.is_object() && words(one, "name") == listener; });
  if (found == listeners->end()) {
    return base::fail(base::ErrorKind::kNotFound, "the worker has no listener " + listener);
  }
  return json{{"open", count(*found, "open")},
              {"connections", count(*found, "connections")},
              {"requests", count(*found, "requests")},
              {"redirected", count(*found, "redirected")},
              {"refused", count(*found, "refused")},
              {"retries", count(*found, "retries")},
              {"received_bytes", count(*found, "bytesIn")},
              {"sent_bytes", count(*found, "bytesOut")},
              {"codes", codes(*found)},
              {"mean_ms", mean(count(*found, "totalMs"), count(*found, "requests"))},
              {"pools", listOf(*found, "pools", poolView)},
              {"backends", listOf(*found, "backends", backendView)},
              {"flips", listOf(*found, "flips", flipView)}};
}

}  // namespace vpclab::daemon
