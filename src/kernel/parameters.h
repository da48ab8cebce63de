#pragma once

#include <mutex>
#include <string_view>

#include "base/result.h"
#include "base/shared_string.h"
#include "state/parameters.h"

namespace vpclab::kernel {

// Of the network namespace that the calling thread is in: those that vpclab manages, without its links'.
base::Result<state::Parameters> readParameters();

// A value; most of those of all namespaces are one of two, which are kept once.
base::SharedString parameterText(std::string_view value);

// What this kernel gives a new namespace, so that only what is otherwise need be written. It is the host's affair
// (net.core.devconf_inherit_init_net) and may change, so it is read once for each call of the port, and what is wrong
// nevertheless is found by the look behind the change. Thread safe.
class NewNamespace {
 public:
  // The calling thread's namespace, which it has just made, speaks for all of them if it is the first that asks. Empty:
  // nothing is known.
  const state::Parameters& parameters();

 private:
  std::once_flag once_;
  state::Parameters parameters_;
};

}  // namespace vpclab::kernel
