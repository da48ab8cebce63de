#include "base/standard_streams.h"

#include <cerrno>
#include <initializer_list>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace vpclab;

namespace {

// The exit status of what happens in a child whose standard descriptors are all closed.
template <class Body>
int inBareChild(const Body& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::close(fd);
    }
    ::_exit(body());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("what is opened later takes no standard stream's place where the caller has closed those") {
  CHECK(inBareChild([] { return ::open("/", O_RDONLY); }) == STDIN_FILENO);
  CHECK(inBareChild([] {
          char byte = 0;
          return base::openStandardStreams() && ::open("/", O_RDONLY) > STDERR_FILENO &&
                         ::read(STDIN_FILENO, &byte, 1) == 0 && ::write(STDOUT_FILENO, &byte, 1) < 0 && errno == EBADF
                     ? 7
                     : 0;
        }) == 7);
}
