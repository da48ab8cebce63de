#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lb/balancer.h"
#include "worker/page_server.h"

namespace vpclab::worker {

// The "status" member of the answer to {"op":"status"}.
//   load balancer: {"kind":"loadBalancer","listeners":[{name, open, connections, requests, refused, retries,
//     "backends":[{name, address, port, state, reason, checks, sinceMs, requests, active}]}]}
//   pages: {"kind":"pages","sites":[{node, netns, address, port, requests,
//     "log":[{seq, unixMs, client, method, target, status, bytes, requestId, userAgent, forwardedFor}]}]}
nlohmann::json statusToJson(const std::vector<lb::ListenerStatus>& listeners);
nlohmann::json statusToJson(const PageServer& pages);

}  // namespace vpclab::worker
