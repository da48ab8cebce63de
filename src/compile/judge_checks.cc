#include "compile/judge_checks.h"

#include <unordered_set>

#include "base/text.h"
#include "compile/reach.h"
#include "lab/addressing.h"

namespace vpclab::compile {

namespace {

// What of a check must reach the node that it names.
struct Question {
  std::string what;  // for people
  std::string from;
  std::string to;
  bool mayBeUnreachable = false;  // another expectation would make sense
};

std::optional<Question> between(const char* kind, const lab::Endpoint& from, const lab::Endpoint& to,
                                bool mayBeUnreachable = false) {
  if (to.address) {
    return std::nullopt;
  }
  return Question{std::string(kind) + " from " + from.node + " to " + to.node, from.node, to.node, mayBeUnreachable};
}

std::optional<Question> questionOf(const lab::Check& check) {
  if (const auto* ping = std::get_if<lab::PingCheck>(&check.what)) {
    return ping->reachable ? between("ping", ping->from, ping->to, true) : std::nullopt;
  }
  if (const auto* path = std::get_if<lab::PathCheck>(&check.what)) {
    return between("path", path->from, path->to);
  }
  if (const auto* stream = std::get_if<lab::ThroughputCheck>(&check.what)) {
    return between("throughput", stream->from, stream->to);
  }
  if (const auto* loss = std::get_if<lab::LossCheck>(&check.what)) {
    return between("loss", loss->from, loss->to);
  }
  const auto* backend = std::get_if<lab::BackendCheck>(&check.what);
  if (backend == nullptr || backend->server.empty()) {
    return std::nullopt;
  }
  return Question{"backend " + backend->server + " of " + backend->loadBalancer, backend->loadBalancer,
                  backend->server};
}

// What several nodes have: no other address can mean another one.
std::unordered_set<std::uint32_t> sharedAddresses(const lab::Lab& lab, const Allocations& allocations) {
  std::unordered_set<std::uint32_t> known;
  std::unordered_set<std::uint32_t> shared;
  const auto add = [&](net::IpAddr address) {
    if (!known.insert(address.v4HostOrder()).second) {
      shared.insert(address.v4HostOrder());
    }
  };
  for (const auto& [id, address] : allocations.addresses) {
    add(address);
  }
  for (const auto& [id, vxnet] : lab.vxnets) {
    add(lab::gatewayOf(vxnet.cidr));
  }
  for (const auto& [id, router] : lab.borderRouters) {
    for (const auto& domain : router.domains) {
      for (const auto& join : domain.joins) {
        add(join.address);
      }
    }
  }
  return shared;
}

std::string remedy(const lab::Lab& lab, const Question& question, const std::string& standIn) {
  std::vector<std::string> ways;
  const bool nameable = lab.servers.count(standIn) != 0 || lab.loadBalancers.count(standIn) != 0;
  if (nameable && standIn != question.from) {
    ways.push_back("name " + standIn + " if it is meant");
  }
  ways.emplace_back("give one of the two another address");
  if (question.mayBeUnreachable) {
    ways.emplace_back("expect `unreachable`");
  }
  return base::join(ways, ", or ");
}

}  // namespace

base::Diagnostics judgeChecks(const lab::Lab& lab, const Allocations& allocations) {
  base::Diagnostics out;
  std::optional<std::unordered_set<std::uint32_t>> shared;  // both are made for those who ask only
  std::optional<Reach> reach;
  for (const auto& check : lab.checks) {
    const auto question = questionOf(check);
    const auto address = question ? allocations.addresses.find(question->to) : allocations.addresses.end();
    if (address == allocations.addresses.end()) {
      continue;
    }
    if (!shared) {
      shared = sharedAddresses(lab, allocations);
    }
    if (shared->count(address->second.v4HostOrder()) == 0) {
      continue;
    }
    if (!reach) {
      reach.emplace(lab, allocations);
    }
    if (const auto standIn = reach->standIn(question->from, question->to)) {
      out.push_back({base::Severity::kError, check.pos,
                     question->what + ": " + standIn->text + ", so that " + question->to + " would not be asked",
                     remedy(lab, *question, standIn->node)});
    }
  }
  return out;
}

}  // namespace vpclab::compile
