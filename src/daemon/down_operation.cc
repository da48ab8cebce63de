#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/log.h"
#include "daemon/operations.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::chrono::minutes kDestroyTime{3};

// Whether nothing here is called so: neither in the store nor, with our mark, in the kernel.
bool isUnknown(Engine& engine, const std::string& lab) {
  const auto known = engine.labs();
  return known && std::find(known->begin(), known->end(), lab) == known->end();
}

// Best effort: what could be removed is gone even where something failed. What is another's is left alone and reported.
std::vector<std::string> destroy(Engine& engine, const std::string& lab, Session& session) {
  std::vector<std::string> errors;
  // A lab of that name may be another daemon's: it is left alone, and the user is told who has it.
  if (auto observed = engine.system().observe(lab);
      !observed && observed.error().kind() == base::ErrorKind::kForeign && isUnknown(engine, lab)) {
    return {observed.error().message()};
  }
  session.send(api::Progress{"down " + lab, 0, 1});
  logInfo("lab " + lab + ": down, by pid " + std::to_string(session.peer().pid));
  engine.onChange(lab, false);
  for (const auto& error : engine.system().destroy(lab, base::Deadline::after(kDestroyTime))) {
    errors.push_back(error.message());
    logError("lab " + lab + ": down: " + error.message());
  }
  // Its keys and its file stay as long as something of it does, so that a second try knows all that this one did.
  if (errors.empty()) {
    if (auto forgotten = engine.store().forget(lab); !forgotten) {
      errors.push_back(forgotten.error().message());
    }
  }
  session.send(api::Progress{"down " + lab, 1, 1});
  return errors;
}

// The daemon that serves only as long as there is a lab has done its work.
bool endIfLast(Engine& engine, std::size_t ownHolds) {
  if (!engine.options().exitAfterLastLab) {
    return false;
  }
  const auto left = engine.labs();
  if (!left || !left->empty() || !engine.registry().close(ownHolds)) {
    return false;
  }
  logInfo("the last lab is down: ending");
  engine.requestEnd();
  return true;
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
  } else if (isLabName(request.lab)) {
    names.push_back(request.lab);
  } else {
    return failed(base::Error(base::ErrorKind::kInvalid,
                              "`" + base::printable(request.lab.substr(0, 64)) + "` is no name of a lab"));
  }
  api::Final final;
  json gone = json::array();
  for (const auto& lab : names) {
    auto hold = engine.hold(lab, "down", session);
    if (!hold) {
      final.errors.push_back(hold.error().message());
      continue;
    }
    auto errors = destroy(engine, lab, session);
    if (errors.empty()) {
      gone.push_back(lab);
      session.send(api::TextLine{"Lab " + lab + " is down."});
    }
    final.errors.insert(final.errors.end(), errors.begin(), errors.end());
  }
  if (names.empty()) {
    session.send(api::TextLine{"No lab is up."});
  }
  // After a failure the daemon stays: it is asked again, and its log tells why.
  const bool ending = final.errors.empty() && endIfLast(engine, 0);
  auto out = finalOf(final.errors.empty() ? api::Exit::kOk : api::Exit::kFailed,
                     {{"down", std::move(gone)}, {"daemon_ends", ending}});
  out.errors = std::move(final.errors);
  return out;
}

}  // namespace vpclab::daemon
