#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "check/job.h"

// The bodies of the frames between the daemon and `vpclab-worker probe`. Strict both ways: the worker has read what a
// network sent, so the daemon believes it nothing. Errors: kProtocol.
namespace vpclab::check {

// Request: {"jobs":[{"number":1,"ping":{...}},...]}
std::string encodeRequest(const std::vector<NumberedJob>& jobs);
base::Result<std::vector<NumberedJob>> decodeRequest(std::string_view body);

// One frame per finished job: {"number":1,"ping":{...}}
std::string encodeReply(const NumberedReply& reply);
base::Result<NumberedReply> decodeReply(std::string_view body);

}  // namespace vpclab::check
