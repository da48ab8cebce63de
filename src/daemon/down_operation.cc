#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/operations.h"
#include "daemon/take_down.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

bool wasKnown(Engine& engine, const std::string& lab) {
  if (!isUnknown(engine, lab)) {
    return true;
  }
  const auto kept = engine.kept().labs();
  return kept && std::find(kept->begin(), kept->end(), lab) != kept->end();
}

// "; did you mean `hello`?", or the end of the sentence.
std::string nearest(Engine& engine, const std::string& lab) {
  const auto labs = engine.labs();
  if (!labs) {
    return ".";
  }
  const std::vector<std::string_view> candidates(labs->begin(), labs->end());
  const std::string near = base::nearest(lab, candidates);
  return near.empty() ? "." : "; did you mean `" + near + "`?";
}

}  // namespace

api::Final downLabs(Engine& engine, const api::DownRequest& request, Session& session) {
  std::vector<std::string> names;
  if (request.all) {
    auto known = engine.labs();
    if (!known) {
      return failed(known.error());
    }
    names = std::move(*known);
    // One that did not come back, because its files are damaged, is told of otherwise at every boot.
    if (const auto kept = engine.kept().labs()) {
      std::copy_if(kept->begin(), kept->end(), std::back_inserter(names),
                   [&](const std::string& lab) { return std::find(names.begin(), names.end(), lab) == names.end(); });
    }
  } else if (isLabName(request.lab)) {
    names.push_back(request.lab);
  } else {
    return failed(base::Error(base::ErrorKind::kInvalid,
                              "`" + base::printable(request.lab.substr(0, 64)) +
                                  "` is no name of a lab; that is what stands behind `lab:` in its file"));
  }
  api::Final final;
  json gone = json::array();
  bool ending = false;
  for (const auto& lab : names) {
    auto hold = engine.hold(lab, "down", session);
    if (!hold && hold.error().kind() == base::ErrorKind::kCancelled) {
      // Somebody else has taken the last one down meanwhile.
      ending = true;
      gone.push_back(lab);
      session.send(api::TextLine{"Lab " + lab + " was not up."});
      continue;
    }
    if (!hold) {
      final.errors.push_back(hold.error().message());
      continue;
    }
    const bool wasUp = request.all || wasKnown(engine, lab);
    auto errors = takeDown(engine, lab, session);
    if (errors.empty()) {
      gone.push_back(lab);
      session.send(
          api::TextLine{wasUp ? "Lab " + lab + " is down." : "Lab " + lab + " was not up" + nearest(engine, lab)});
    }
    final.errors.insert(final.errors.end(), errors.begin(), errors.end());
  }
  if (names.empty()) {
    session.send(api::TextLine{"No lab is up."});
  }
  // After a failure the daemon stays: it is asked again, and its log tells why.
  ending = ending || (final.errors.empty() && endIfLast(engine, 0));
  auto out = finalOf(final.errors.empty() ? api::Exit::kOk : api::Exit::kFailed,
                     {{"down", std::move(gone)}, {"daemon_ends", ending}});
  out.errors = std::move(final.errors);
  return out;
}

}  // namespace vpclab::daemon
