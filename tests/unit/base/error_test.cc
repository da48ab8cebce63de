#include <cerrno>

#include <doctest/doctest.h>

#include "base/diagnostic.h"
#include "base/result.h"

using namespace vpclab::base;

TEST_CASE("an error reads from the outermost context to the kernel's words") {
  const Error error = Error::fromErrno(EINVAL, "set master of eth0")
                          .withKernelText("Device does not allow enslaving")
                          .context("create link eth0 in bj-server1")
                          .context("apply cross-region");
  CHECK(error.message() ==
        "apply cross-region: create link eth0 in bj-server1: set master of eth0: Invalid argument "
        "(kernel: Device does not allow enslaving)");
  CHECK(error.kind() == ErrorKind::kSystem);
  CHECK(Error::fromErrno(EEXIST, "x").kind() == ErrorKind::kExists);
}

TEST_CASE("an error that another process has told has its words once, and its errno") {
  const Error error = Error::relayed(ErrorKind::kNotFound, ENOENT, Error::fromErrno(ENOENT, "exec httpd").message())
                          .context("process web");
  CHECK(error.message() == "process web: exec httpd: No such file or directory");
  CHECK(error.errnoValue() == ENOENT);
}

TEST_CASE("a diagnostic names place, fault and remedy") {
  const Diagnostic d{Severity::kError, {"lab.yaml", 3, 7}, "unknown key 'cdir'", "did you mean 'cidr'?"};
  CHECK(d.toString() == "lab.yaml:3:7: error: unknown key 'cdir'; did you mean 'cidr'?");
}
