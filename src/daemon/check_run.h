#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/event.h"
#include "daemon/desired.h"
#include "daemon/engine.h"
#include "daemon/session.h"

namespace vpclab::daemon {

struct CheckOutput {
  bool colours = false;
  bool junit = false;  // `data` gets the report as JUnit XML too
};

// Runs the checks of a lab that is up and held by the caller; tells the session the table. `observed`: what the kernel
// has of it. `data` is what the operation found so far; the report is added to it.
api::Final runChecks(Engine& engine, const Desired& desired, const state::State& observed, const CheckOutput& output,
                     nlohmann::json data, Session& session);

}  // namespace vpclab::daemon
