#include "compile/judge_checks.h"

#include "base/text.h"
#include "compile/reach.h"

namespace vpclab::compile {

namespace {

// What of a check must reach the node that it names.
struct Question {
  const char* kind;
  const lab::Endpoint* from;
  const lab::Endpoint* to;
  bool mayBeUnreachable;  // another expectation would make sense
};

std::optional<Question> questionOf(const lab::Check& check) {
  std::optional<Question> out;
  if (const auto* ping = std::get_if<lab::PingCheck>(&check.what)) {
    if (ping->reachable) {
      out = {"ping", &ping->from, &ping->to, true};
    }
  } else if (const auto* path = std::get_if<lab::PathCheck>(&check.what)) {
    out = {"path", &path->from, &path->to, false};
  } else if (const auto* stream = std::get_if<lab::ThroughputCheck>(&check.what)) {
    out = {"throughput", &stream->from, &stream->to, false};
  } else if (const auto* loss = std::get_if<lab::LossCheck>(&check.what)) {
    out = {"loss", &loss->from, &loss->to, false};
  }
  return out && !out->to->address ? out : std::nullopt;
}

std::string remedy(const Question& question, const std::string& standIn) {
  std::vector<std::string> ways;
  if (standIn != question.from->node) {
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
  std::optional<Reach> reach;  // made for those who ask only
  for (const auto& check : lab.checks) {
    const auto question = questionOf(check);
    if (!question) {
      continue;
    }
    if (!reach) {
      reach.emplace(lab, allocations);
    }
    const std::string& from = question->from->node;
    const std::string& to = question->to->node;
    if (const auto standIn = reach->standIn(from, to)) {
      out.push_back({base::Severity::kError, check.pos,
                     std::string(question->kind) + " from " + from + " to " + to + ": " + standIn->text + ", so that " +
                         to + " would not be asked",
                     remedy(*question, standIn->node)});
    }
  }
  return out;
}

}  // namespace vpclab::compile
