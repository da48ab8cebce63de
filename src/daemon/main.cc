#include <cstdio>
#include <exception>

#include "base/standard_streams.h"
#include "daemon/arguments.h"
#include "daemon/doctor.h"
#include "daemon/node_entry.h"
#include "daemon/serve.h"
#include "keeper/client.h"

namespace {

struct Run {
  int operator()(const vpclab::daemon::ServeCommand& command) const {
    return vpclab::daemon::serve(command.options, command.daemonize);
  }
  int operator()(const vpclab::daemon::KeeperCommand& command) const {
    return vpclab::keeper::runKeeper({command.runDir, command.lab}, command.worker, command.netnsDir);
  }
  int operator()(const vpclab::daemon::DoctorCommand&) const { return vpclab::daemon::runDoctorAlone(); }
  int operator()(const vpclab::daemon::EnterCommand& command) const {
    return vpclab::daemon::runEntry(command.pin, command.node);
  }
  int operator()(const vpclab::daemon::EndNow& command) const { return command.status; }
};

}  // namespace

int main(int argc, char** argv) {
  if (!vpclab::base::openStandardStreams()) {
    return 1;
  }
  try {
    return std::visit(Run{}, vpclab::daemon::parseArguments(argc, argv));
  } catch (const std::exception& error) {
    // Only what no folder could handle: out of memory, or a fault of ours.
    (void)std::fprintf(stderr, "vpclabd: %s\n", error.what());
    return 1;
  }
}
