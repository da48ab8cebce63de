#include "daemon/finals.h"

#include <exception>

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "base/text.h"
#include "daemon/session.h"

namespace vpclab::daemon {

api::Final failed(const base::Error& error) {
  api::Final final;
  final.exit = error.kind() == base::ErrorKind::kInvalid ? api::Exit::kBadInput : api::Exit::kFailed;
  final.errors.push_back(error.message());
  // By the daemon's end, before anything was done: the next one may do it.
  if (error.kind() == base::ErrorKind::kCancelled) {
    final.data = api::dumpJson({{"daemon_ends", true}, {"begun", false}});
  }
  return final;
}

api::Final finalOf(api::Exit exit, const nlohmann::json& data) {
  api::Final final;
  final.exit = exit;
  final.data = api::dumpJson(data);
  return final;
}

api::Exit verdictOf(std::size_t failedChecks, std::size_t withoutResult) {
  if (failedChecks != 0) {
    return api::Exit::kCheckFailed;
  }
  return withoutResult != 0 ? api::Exit::kFailed : api::Exit::kOk;
}

api::Final badInput(const base::Diagnostics& diagnostics) {
  api::Final final;
  final.exit = api::Exit::kBadInput;
  final.diagnostics = diagnostics;
  return final;
}

api::Final resultOf(const std::function<api::Final()>& operation) {
  try {
    return operation();
  } catch (const std::exception& problem) {
    return failed(
        base::Error(base::ErrorKind::kInternal, std::string("the daemon could not go on: ") + problem.what()));
  }
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> out;
  for (const auto line : base::split(text, '\n')) {
    out.emplace_back(line);
  }
  if (!out.empty() && out.back().empty()) {
    out.pop_back();
  }
  return out;
}

void sendText(Session& session, const std::string& text) {
  for (auto& line : linesOf(text)) {
    session.send(api::TextLine{std::move(line)});
  }
}

}  // namespace vpclab::daemon
