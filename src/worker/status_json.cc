#include "worker/status_json.h"

#include <nlohmann/json.hpp>

#include "worker/page_site.h"

namespace vpclab::worker {

using Json = nlohmann::json;

Json statusToJson(const std::vector<lb::ListenerStatus>& listeners) {
  Json out = Json::array();
  for (const auto& listener : listeners) {
    Json backends = Json::array();
    for (const auto& backend : listener.backends) {
      backends.push_back({{"name", backend.name},
                          {"address", backend.address},
                          {"port", backend.port},
                          {"state", backend.state},
                          {"reason", backend.reason},
                          {"checks", backend.checks},
                          {"sinceMs", backend.sinceMs},
                          {"requests", backend.requests},
                          {"active", backend.active}});
    }
    out.push_back({{"name", listener.name},
                   {"open", listener.open},
                   {"connections", listener.counters.connections},
                   {"requests", listener.counters.requests},
                   {"refused", listener.counters.refused},
                   {"retries", listener.counters.retries},
                   {"backends", std::move(backends)}});
  }
  return {{"kind", "loadBalancer"}, {"listeners", std::move(out)}};
}

Json statusToJson(const PageServer& pages) {
  Json out = Json::array();
  for (const auto& [listen, site] : pages.sites()) {
    Json log = Json::array();
    for (const auto& entry : site->log()) {
      log.push_back({{"seq", entry.seq},
                     {"unixMs", entry.unixMs},
                     {"client", entry.client},
                     {"method", entry.method},
                     {"target", entry.target},
                     {"status", entry.status},
                     {"bytes", entry.bytes},
                     {"requestId", entry.requestId},
                     {"userAgent", entry.userAgent},
                     {"forwardedFor", entry.forwardedFor}});
    }
    out.push_back({{"node", site->site()->node},
                   {"netns", listen.netns},
                   {"address", listen.address.toString()},
                   {"port", listen.port},
                   {"requests", site->requests()},
                   {"log", std::move(log)}});
  }
  return {{"kind", "pages"}, {"sites", std::move(out)}};
}

}  // namespace vpclab::worker
