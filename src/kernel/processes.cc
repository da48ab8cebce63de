#include "kernel/processes.h"

namespace vpclab::kernel {

base::Result<keeper::Client> connectKeeper(const Options& options, const std::string& lab, base::Deadline deadline) {
  keeper::Launch launch;
  launch.program = options.keeperProgram;
  launch.netnsDir = options.netnsDir;
  return keeper::Client::ensure({options.runDir, lab}, launch, deadline);
}

base::Result<> executeProcess(const Options& options, const std::string& lab, const plan::Step& step,
                              base::Deadline deadline) {
  if (step.action == plan::Action::kDelete) {
    auto keeper = keeper::Client::connect({options.runDir, lab}, deadline);
    if (!keeper) {
      return keeper.error().kind() == base::ErrorKind::kNotFound ? base::Result<>()
                                                                 : base::fail(std::move(keeper.error()));
    }
    const auto& process = std::get<state::Process>(*step.before);
    return keeper->remove(process.netns, process.name, deadline);
  }
  auto keeper = connectKeeper(options, lab, deadline);
  if (!keeper) {
    return base::fail(std::move(keeper.error()));
  }
  return keeper->put(std::get<state::Process>(*step.after), deadline);
}

base::Result<keeper::Listing> listProcesses(const Options& options, const std::string& lab, base::Deadline deadline) {
  auto keeper = keeper::Client::connect({options.runDir, lab}, deadline);
  if (!keeper) {
    return keeper.error().kind() == base::ErrorKind::kNotFound ? base::Result<keeper::Listing>(keeper::Listing{})
                                                               : base::fail(std::move(keeper.error()));
  }
  return keeper->list(deadline);
}

}  // namespace vpclab::kernel
