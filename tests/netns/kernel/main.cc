#define DOCTEST_CONFIG_IMPLEMENT
#include <cstring>

#include <doctest/doctest.h>

#include "keeper/client.h"

// Called as the keeper's program, this is the keeper; else the tests.
int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "keeper") == 0) {
    vpclab::keeper::Address address;
    std::string worker;
    std::string netnsDir = "/run/netns";
    for (int i = 2; i + 1 < argc; i += 2) {
      const std::string option = argv[i];
      (option == "--run-dir"  ? address.runDir
       : option == "--lab"    ? address.lab
       : option == "--worker" ? worker
                              : netnsDir) = argv[i + 1];
    }
    return vpclab::keeper::runKeeper(address, worker, netnsDir);
  }
  doctest::Context context(argc, argv);
  return context.run();
}
