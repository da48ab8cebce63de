#include "check/worker_status.h"

#include <nlohmann/json.hpp>

namespace vpclab::check {

using nlohmann::json;

namespace {

const json kNothing = nullptr;

// The member, or null: whoever asks for its type next finds out.
const json& member(const json& object, const char* key) {
  if (object.is_object()) {
    if (const auto found = object.find(key); found != object.end()) {
      return *found;
    }
  }
  return kNothing;
}

tl::unexpected<base::Error> malformed(const char* what) {
  return base::fail(base::ErrorKind::kProtocol, std::string("the worker's status: ") + what);
}

}  // namespace

base::Result<std::vector<BackendStatus>> backendsOf(const json& status, const std::string& listener) {
  const json& listeners = member(status, "listeners");
  if (!listeners.is_array()) {
    return malformed("no listeners");
  }
  for (const json& entry : listeners) {
    const json& name = member(entry, "name");
    if (!name.is_string() || name.get_ref<const std::string&>() != listener) {
      continue;
    }
    const json& backends = member(entry, "backends");
    if (!backends.is_array()) {
      return malformed("a listener without backends");
    }
    std::vector<BackendStatus> out;
    for (const json& backend : backends) {
      const json& backendName = member(backend, "name");
      const json& state = member(backend, "state");
      const json& reason = member(backend, "reason");
      if (!backendName.is_string() || !state.is_string() || !reason.is_string()) {
        return malformed("a backend without name, state or reason");
      }
      out.push_back({backendName.get<std::string>(), state.get<std::string>(), reason.get<std::string>()});
    }
    return out;
  }
  return base::fail(base::ErrorKind::kNotFound, "the worker has no listener " + listener);
}

base::Result<std::map<std::string, std::vector<std::string>>> requestIdsOf(const json& status,
                                                                           const std::string& prefix) {
  const json& sites = member(status, "sites");
  if (!sites.is_array()) {
    return malformed("no sites");
  }
  std::map<std::string, std::vector<std::string>> out;
  for (const json& site : sites) {
    const json& node = member(site, "node");
    const json& log = member(site, "log");
    if (!node.is_string() || !log.is_array()) {
      return malformed("a site without node or log");
    }
    auto& ids = out[node.get<std::string>()];
    for (const json& entry : log) {
      const json& id = member(entry, "requestId");
      if (!id.is_string()) {
        return malformed("a log entry without requestId");
      }
      // With its dash: a prefix must not match one that is longer.
      if (id.get_ref<const std::string&>().starts_with(prefix + "-")) {
        ids.push_back(id.get<std::string>());
      }
    }
  }
  return out;
}

}  // namespace vpclab::check
