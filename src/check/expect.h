#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/job.h"
#include "check/report.h"
#include "check/runner.h"
#include "check/spec.h"

// What a lab expects against what probes saw: pure functions.
namespace vpclab::check {

struct Verdict {
  bool passed = false;
  bool final = false;       // asking again cannot change it
  bool outOfOrder = false;  // all the servers that were expected answered, and no other, but not as expected
  std::string seen;
};

// What the check expects, as the report says it.
std::string expectedText(const CheckSpec& check);

// The first witness that did not answer, with what came in its place; nullopt if all did. `replies` are in the order of
// the witnesses.
std::optional<std::string> silentWitness(const std::vector<Witness>& witnesses, const std::vector<Reply>& replies);

Verdict judgeReachable(const PingReply& reply);
Verdict judgeMeasuredPing(const PingSpec& spec, const PingReply& reply);
// `there` and `back`: each direction's, once it was measured.
Verdict judgeThroughput(const ThroughputSpec& spec, const std::optional<StreamReply>& there,
                        const std::optional<StreamReply>& back);
Verdict judgeLoss(const LossSpec& spec, const CountReply& reply);
Verdict judgeTunnel(const TunnelSpec& spec, const std::vector<TunnelPeer>& peers);
// Of the probes themselves; that prober and target work must have been proved before.
Verdict judgeUnreachable(const PingSpec& spec, const PingReply& reply);
// Of the packets that the prober sends to a target that another node stands in for, as the target's own side sees it.
// `own`: those that it sends itself, which must arrive.
Verdict judgeArrival(const PingSpec& spec, const CountReply& own, const CountReply& prober);
Verdict judgeNoConnection(const HttpSpec& spec, const HttpReplies& replies);
Verdict judgePath(const PathSpec& spec, const PathReply& reply);
// Several may have the name, at other ports or in other pools: `up` and `down` is about all that the file leaves in
// service, `disabled` and `drain` about those that it does not.
Verdict judgeBackend(const BackendSpec& spec, const std::vector<BackendStatus>& backends);

// Server id -> ids of the requests that its access log has.
using RequestIds = std::map<std::string, std::vector<std::string>>;

// Which server gave each answer: by its page, and where several have the same one by the log. Empty: none that is
// known.
std::vector<std::string> serversOf(const HttpSpec& spec, const HttpReplies& replies, const RequestIds& log,
                                   const std::string& prefix);
// Requests are <prefix>-0, <prefix>-1, ...
Verdict judgeHttp(const HttpSpec& spec, const HttpReplies& replies, const RequestIds& log, const std::string& prefix);

// For the report.
std::vector<Measure> measuredBy(const PingSpec& spec, const PingReply& reply);
std::vector<Measure> measuredBy(const std::optional<StreamReply>& there, const std::optional<StreamReply>& back);
std::vector<Measure> measuredBy(const CountReply& reply);
std::vector<Measure> measuredBy(const std::vector<TunnelPeer>& peers);
std::vector<SeenHop> seenHops(const PathSpec& spec, const PathReply& reply);
std::vector<SeenAnswer> seenAnswers(const HttpSpec& spec, const HttpReplies& replies,
                                    const std::vector<std::string>& servers);

}  // namespace vpclab::check
