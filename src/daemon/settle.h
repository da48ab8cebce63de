#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plan/apply.h"
#include "plan/kernel_port.h"
#include "plan/plan.h"

namespace vpclab::daemon {

// What came of bringing a lab to its desired state.
struct Settled {
  // Each plan that was carried out, with its report (which points into it), in order; but for those that went well.
  struct Round {
    plan::Plan plan;
    plan::Report report;
  };
  std::deque<Round> rounds;
  std::size_t done = 0;              // steps of the rounds that went well
  bool settled = false;              // the kernel's objects are the desired ones
  bool cancelled = false;            // stopped by the progress callback
  plan::Plan left;                   // what differs still, as far as it was looked at
  state::State observed;             // what was there at the end; meaningful only if `settled`
  std::optional<base::Error> error;  // looking failed
};

// Carries out `plan`, which was made from `observed`, then looks again and carries out what is left, until nothing is,
// something fails, or the deadline passes. Looks without a pause first: what is right already costs no wait; and only
// at what the plan has touched, where that is little: what others do elsewhere meanwhile is the next observation's.
Settled bringTo(const state::State& desired, plan::Plan plan, state::State observed, plan::KernelPort& kernel,
                const std::string& lab, base::Deadline deadline, const plan::Progress& progress, const plan::Tell& tell,
                const std::function<void(const plan::Report& round)>& afterRound = {});

// "create veth switch.pek3/bj-server1 (stage-1.yaml:12:3)"
std::string describeStep(const plan::Step& step);

}  // namespace vpclab::daemon
