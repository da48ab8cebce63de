#pragma once

#include "api/bundle.h"
#include "base/diagnostic.h"
#include "compile/compile.h"
#include "lab/lab.h"
#include "state/capabilities.h"

namespace vpclab::daemon {

// A lab all the way from its files to kernel objects.
struct Desired {
  lab::Lab lab;
  compile::Allocations allocations;
  compile::Compiled compiled;
  base::Diagnostics diagnostics;  // of every stage that was reached

  bool ok() const { return !base::hasErrors(diagnostics); }
};

// Reads only the bundle. The lab's name is set even where something else is wrong, as far as it could be read.
Desired loadBundle(const api::Bundle& bundle);
// The second half: keys and addresses, then objects. Only for a Desired that is ok(). `former`: an earlier version of
// the lab, compiled by the same capabilities, from which this one may be made; may be null.
void compileInto(Desired& desired, const compile::Allocations& previous, const state::Capabilities& capabilities,
                 const Desired* former = nullptr);
// Adds which checks and backends of a Desired that was compiled would ask another node than they name. For what is to
// be applied: a lab that is up is looked after whatever they are worth.
void judgeNames(Desired& desired);

}  // namespace vpclab::daemon
