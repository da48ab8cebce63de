#include "daemon/take_down.h"

#include <algorithm>

#include "daemon/log.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::minutes kDestroyTime{3};

bool isAmong(const base::Result<std::vector<std::string>>& labs, const std::string& lab) {
  return labs && std::find(labs->begin(), labs->end(), lab) != labs->end();
}

}  // namespace

bool isUnknown(Engine& engine, const std::string& lab) {
  if (isAmong(engine.store().labs(), lab)) {
    return false;
  }
  const auto known = engine.labs();
  return known && !isAmong(known, lab);
}

std::vector<std::string> takeDown(Engine& engine, const std::string& lab, Session& session) {
  std::vector<std::string> errors;
  // A lab of that name may be another daemon's: it is left alone, and the user is told who has it.
  if (isUnknown(engine, lab)) {
    if (auto observed = engine.system().observe(lab);
        !observed && observed.error().kind() == base::ErrorKind::kForeign) {
      return {observed.error().message()};
    }
  }
  session.send(api::Progress{"down " + lab, 0, 1});
  logInfo("lab " + lab + ": down, by pid " + std::to_string(session.peer().pid));
  engine.onChange(lab, false);
  // First: should this be cut short by the host's end, the next boot does not bring it back.
  if (auto forgotten = engine.kept().forget(lab); !forgotten) {
    errors.push_back(forgotten.error().message());
  }
  engine.reached().forget(lab);
  const auto begun = base::Clock::now();
  for (const auto& error : engine.system().destroy(lab, base::Deadline::after(kDestroyTime))) {
    errors.push_back(error.message());
  }
  // Its keys and its file stay as long as something of it does, so that a second try knows all that this one did.
  if (errors.empty()) {
    if (auto forgotten = engine.store().forget(lab); !forgotten) {
      errors.push_back(forgotten.error().message());
    }
  }
  engine.journal().down(lab, session.peer(), errors,
                        std::chrono::duration_cast<base::Milliseconds>(base::Clock::now() - begun));
  session.send(api::Progress{"down " + lab, 1, 1});
  return errors;
}

bool endIfLast(Engine& engine, std::size_t ownHolds) {
  if (!engine.options().exitAfterLastLab) {
    return false;
  }
  const auto left = engine.labs();
  if (!left || !left->empty()) {
    return false;
  }
  engine.endIsDue = true;  // first: whoever is in the way sees it when he has let go
  if (!engine.registry().close(ownHolds)) {
    return false;
  }
  logInfo("the last lab is down: ending");
  engine.requestEnd();
  return true;
}

void endIfDue(Engine& engine) {
  if (engine.endIsDue.exchange(false)) {
    endIfLast(engine, 0);
  }
}

}  // namespace vpclab::daemon
