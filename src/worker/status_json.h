#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lb/balancer.h"
#include "worker/page_server.h"

namespace vpclab::worker {

// The "status" member of the answer to {"op":"status"}, or to {"op":"status","requestIds":"..."}, which asks
// pages for the requests whose id begins with that.
//   load balancer: {"kind":"loadBalancer","listeners":[{name, open, connections, requests, refused, redirected,
//   retries,
//     bytesIn, bytesOut, totalMs, codes, "pools":[{name, queued, longestQueue}],
//     "backends":[{pool, name, address, port, state, reason, checks, sinceMs, active, requests, answered, connects,
//       failed, bytesIn, bytesOut, connectMs, responseMs, queuedMs, codes}],
//     "flips":[{unixMs, pool, backend, state, reason}]}]}
//     See lb/counters.h; codes is {"2xx": count, ...}; a pool named "" is the default one.
//   pages: {"kind":"pages","sites":[{node, netns, address, port, requests,
//     "log":[{seq, unixMs, client, method, target, status, bytes, requestId, userAgent, forwardedFor}]}]}
//     Where ids are asked for, the log has nothing but {requestId}, of many more requests.
nlohmann::json statusToJson(const std::vector<lb::ListenerStatus>& listeners);
nlohmann::json statusToJson(const PageServer& pages, std::optional<std::string_view> requestIds);

}  // namespace vpclab::worker
