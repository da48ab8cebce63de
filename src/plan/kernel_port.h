#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "plan/plan.h"
#include "plan/touched.h"
#include "state/state.h"

namespace vpclab::plan {

// The only way to the kernel. Implemented by kernel/ (the real one) and tests/fake/ (in memory, with faults).
// Calls for one lab must not overlap; calls for different labs may come from different threads.
class KernelPort {
 public:
  virtual ~KernelPort() = default;

  // The objects that the lab owns now, normalised. A namespace of the lab's that another daemon owns is kForeign and
  // names that daemon. Fails rather than report a part.
  virtual base::Result<state::State> observe(const std::string& lab) = 0;
  // The same where nothing but `touched`, processes and tunnels has been changed since `before` was observed: a port
  // may take the rest over from there.
  virtual base::Result<state::State> observeAgain(const std::string& lab, state::State before,
                                                  const Touched& touched) = 0;

  // What will be carried out next, as a whole; apply() does not need it. A port may begin what takes a while to be
  // there; it need not do anything, and reports nothing: what goes wrong goes wrong again in execute().
  virtual void prepare(const std::string& /*lab*/, const Plan& /*plan*/) {}

  // Carries out steps of one action, and reports on each, in the same order. In an ordered batch (order.h) what leads
  // from one namespace into another (veth pairs, tunnels) comes first, then the steps about each namespace in the order
  // given, and one that needs another is tried even if that one failed; otherwise in any order. Returns at the deadline
  // at the latest: what was not done by then is kTimeout.
  virtual std::vector<base::Result<>> execute(const std::string& lab, std::span<const Step> steps,
                                              base::Deadline deadline) = 0;

  // Makes the links forget what they may have learnt of these neighbours; MACs do not matter. Reports nothing: what is
  // left is wrong for half a minute.
  virtual void forgetNeighbours(const std::string& /*lab*/, std::span<const state::Neighbours> /*tables*/,
                                base::Deadline /*deadline*/) {}

  // Removes everything that the lab owns, whatever state it is in (dead pins, half-made objects, the keeper and every
  // process of the lab), and returns when the kernel has really let go of it. Best effort: goes on after errors and
  // returns all of them. Idempotent.
  virtual std::vector<base::Error> destroy(const std::string& lab, base::Deadline deadline) = 0;

  // The labs that own anything on this host under this daemon's run directory.
  virtual base::Result<std::vector<std::string>> labs() = 0;
};

}  // namespace vpclab::plan
