#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/client.h"
#include "cli/context.h"

namespace vpclab::cli {

enum class PlanDetail { kSummary, kSteps };

struct AskOptions {
  PlanDetail planDetail = PlanDetail::kSummary;
  bool profile = false;      // afterwards, where the time went
  bool lines = false;        // as JSON it is one document a line, each as it comes
  bool follows = false;      // until Ctrl-C, which has no step to wait for
  bool startDaemon = false;  // where none runs, one that ends with its last lab
  // Given the answer and what people were shown of the plan, before anything is said of the end; what it says went
  // wrong is the end.
  std::function<base::Result<>(const api::Final& final, const std::vector<std::string>& planLines)> onFinal = {};
  // Asked where no daemon answers, before one is started: what is wrong with the request itself, which is told then.
  std::function<base::Diagnostics()> mistakes = {};
};

// Connects to the daemon. Errors: kNotFound says how to start one.
base::Result<api::Client> connectToDaemon(const Context& context, bool startDaemon);

// Sends one request and shows what comes, until the end. Ctrl-C asks the daemon to stop after its current batch; a
// second one leaves at once. Returns the exit status.
int ask(const Context& context, const api::Request& request, const AskOptions& options = {});

// The same without showing anything: the answer's data.
base::Result<std::string> askQuietly(const Context& context, const api::Request& request);

}  // namespace vpclab::cli
