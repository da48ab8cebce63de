#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "keeper/client.h"
#include "netns/keeper/fake_worker.h"

namespace {

// Where another test removes its mount point, the mount goes from this namespace too (mount_namespaces(7), item 6 of
// the restrictions), at any time: so all of those go before anything is compared.
void forgetOtherTests() {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string skipped;
    std::string point;
    words >> skipped >> skipped >> skipped >> skipped >> point;
    if (line.find(" - nsfs ") != std::string::npos || point.starts_with("/tmp/vpclab-")) {
      ::umount2(point.c_str(), MNT_DETACH);
    }
  }
}

// Other tests mount things at the same time. Shared, so that a mount which leaks out of a sandbox would be seen here.
bool haveOwnMounts() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return false;
  }
  forgetOtherTests();
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0;
}

}  // namespace

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
  if (!haveOwnMounts()) {
    std::puts("skipped: cannot have a mount namespace");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
