#include "base/standard_streams.h"
#include "cli/verb.h"

int main(int argc, char** argv) {
  if (!vpclab::base::openStandardStreams()) {
    return 1;
  }
  return vpclab::cli::runCommandLine(argc, argv);
}
