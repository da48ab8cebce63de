#pragma once

#include "daemon/check_run.h"

namespace vpclab::daemon {

// Pings from every server of a lab that is up, and held by the caller, to every other one; tells the session the
// matrix. `observed`: as of runChecks().
api::Final checkMatrix(Engine& engine, const Desired& desired, const state::State& observed, const CheckOutput& output,
                       Session& session);

}  // namespace vpclab::daemon
