#include "compile/judge_names.h"

#include <unordered_set>

#include "base/text.h"
#include "compile/reach.h"
#include "lab/addressing.h"

namespace vpclab::compile {

namespace {

// What must reach the node that the file names.
struct Question {
  std::string what;  // for people
  base::SourcePos pos;
  std::string from;
  std::string to;
  bool mayBeUnreachable = false;  // another expectation would make sense
};

using Questions = std::vector<Question>;

void add(Questions& to, const lab::Check& check, const char* kind, const lab::Endpoint& from,
         const lab::Endpoint& target, bool mayBeUnreachable = false) {
  if (!target.address) {
    to.push_back({std::string(kind) + " from " + from.node + " to " + target.node, check.pos, from.node, target.node,
                  mayBeUnreachable});
  }
}

// Of a backend check there is none: it is about a backend of the lab, which is judged itself.
void add(Questions& to, const lab::Check& check) {
  if (const auto* ping = std::get_if<lab::PingCheck>(&check.what); ping != nullptr && ping->reachable) {
    add(to, check, "ping", ping->from, ping->to, true);
  } else if (const auto* path = std::get_if<lab::PathCheck>(&check.what)) {
    add(to, check, "path", path->from, path->to);
  } else if (const auto* stream = std::get_if<lab::ThroughputCheck>(&check.what)) {
    add(to, check, "throughput", stream->from, stream->to);
  } else if (const auto* loss = std::get_if<lab::LossCheck>(&check.what)) {
    add(to, check, "loss", loss->from, loss->to);
  }
}

// One that is disabled as well: by nothing in the file is it the server that is named.
void add(Questions& to, const lab::LoadBalancer& balancer, const std::vector<lab::Backend>& backends,
         const std::string& owner) {
  for (const auto& backend : backends) {
    if (!backend.server.empty()) {
      to.push_back({"backend " + backend.server + " of " + owner + " of load balancer " + balancer.id, backend.pos,
                    balancer.id, backend.server});
    }
  }
}

Questions questionsOf(const lab::Lab& lab) {
  Questions out;
  for (const auto& [id, balancer] : lab.loadBalancers) {
    for (const auto& listener : balancer.listeners) {
      const std::string owner = "listener " + listener.id;
      add(out, balancer, listener.backends, owner);
      for (const auto& pool : listener.pools) {
        add(out, balancer, pool.backends, "pool " + pool.id + " of " + owner);
      }
    }
  }
  for (const auto& check : lab.checks) {
    add(out, check);
  }
  return out;
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

base::Diagnostics judgeNames(const lab::Lab& lab, const Allocations& allocations) {
  base::Diagnostics out;
  std::optional<std::unordered_set<std::uint32_t>> shared;  // both are made for those who ask only
  std::optional<Reach> reach;
  for (const auto& question : questionsOf(lab)) {
    const auto address = allocations.addresses.find(question.to);
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
    if (const auto standIn = reach->standIn(question.from, question.to)) {
      out.push_back({base::Severity::kError, question.pos,
                     question.what + ": " + standIn->text + ", so that " + question.to + " would not be asked",
                     remedy(lab, question, standIn->node)});
    }
  }
  return out;
}

}  // namespace vpclab::compile
