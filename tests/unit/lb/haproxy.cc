#include "unit/lb/haproxy.h"

#include <algorithm>
#include <array>
#include <csignal>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace vpclab::test {

namespace {

constexpr const char* kProgram = "/usr/sbin/haproxy";

}  // namespace

bool HaProxy::available() {
  return ::access(kProgram, X_OK) == 0;
}

HaProxy::HaProxy(const Listening& front, const std::string& lines) : output_(::memfd_create("log", MFD_CLOEXEC)) {
  const base::UniqueFd socket(::dup(front.fd.get()));  // without close-on-exec
  const base::UniqueFd config(::memfd_create("haproxy.cfg", 0));
  REQUIRE(config);
  REQUIRE(base::writeAll(config.get(),
                         "global\n log stdout format raw local0\n nbthread 1\ndefaults\n mode http\n"
                         " log global\n option httplog\n retries 0\n timeout http-request 300ms\n"
                         " timeout client 400ms\n timeout server 400ms\n timeout connect 400ms\n"
                         " timeout queue 200ms\nlisten web\n bind fd@" +
                             std::to_string(socket.get()) + "\n" + lines));
  const std::string path = "/proc/self/fd/" + std::to_string(config.get());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(output_.get(), 1);
    ::dup2(output_.get(), 2);
    ::execl(kProgram, kProgram, "-db", "-f", path.c_str(), nullptr);
    ::_exit(127);
  }
  REQUIRE(pid_ > 0);
}

HaProxy::~HaProxy() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string HaProxy::log() const {
  std::string out(1 << 16, '\0');
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(output_.get(), out.data(), out.size(), 0))));
  return out;
}

}  // namespace vpclab::test
