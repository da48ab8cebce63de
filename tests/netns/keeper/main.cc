#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <map>
#include <string>

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "keeper/client.h"
#include "netns/keeper/fake_worker.h"

// One program plays all parts: `keeper ...` as vpclabd would, `serve ...` as a worker, else the tests.
int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "keeper") {
    std::map<std::string, std::string> options;
    for (int i = 2; i + 1 < argc; i += 2) {
      options[argv[i]] = argv[i + 1];
    }
    return vpclab::keeper::runKeeper({options["--run-dir"], options["--lab"]}, options["--worker"],
                                     options["--netns-dir"]);
  }
  if (verb == "serve") {
    return vpclab::test::runFakeWorker();
  }
  if (::geteuid() != 0) {
    std::puts("skipped: needs root");
    return 77;
  }
  // Other tests mount things at the same time. Shared, so that a mount which leaks out of a sandbox would be seen here.
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
    std::puts("skipped: cannot have a mount namespace");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
