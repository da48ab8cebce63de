#include <cstdlib>
#include <string>

#include <unistd.h>

#include "check/probe_worker.h"

// probe --uid N, the socket as descriptor 3.
int main(int argc, char** argv) {
  if (argc != 4 || std::string(argv[1]) != "probe" || std::string(argv[2]) != "--uid") {
    return 2;
  }
  const auto uid = static_cast<uid_t>(std::strtoul(argv[3], nullptr, 10));
  if (::setresuid(uid, uid, uid) != 0) {
    return 1;
  }
  return vpclab::check::runProbeWorker(3);
}
