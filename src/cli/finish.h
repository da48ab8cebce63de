#pragma once

#include <string>

#include "api/event.h"
#include "base/error.h"
#include "cli/context.h"

namespace vpclab::cli {

// Tells how a verb ended, errors on standard error; with --json one document on standard output in place of that.
// Returns the exit status.
int finish(const Context& context, const api::Final& final);
int finish(const Context& context, const base::Error& error);
api::Final finalOf(const base::Error& error);

}  // namespace vpclab::cli
