#include "unit/cli/fake_daemon.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"

namespace vpclab::tests {

namespace {

constexpr unsigned kLongestLife = 30;  // seconds

void writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string readToEnd(int fd) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

// The requests of these tests end in a JSON object.
std::string readRequest(int fd) {
  std::string out;
  std::array<char, 4096> buffer{};
  while (out.empty() || out.back() != '}') {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0) {
      break;
    }
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

[[noreturn]] void serve(int listener, int got, const std::vector<std::string>& lines) {
  (void)::signal(SIGPIPE, SIG_IGN);
  ::alarm(kLongestLife);
  const int client = ::accept(listener, nullptr, nullptr);
  writeAll(got, readRequest(client));
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& line : lines) {
    std::array<char, 16> size{};
    (void)std::snprintf(size.data(), size.size(), "%zx\r\n", line.size() + 1);
    answer += size.data() + line + "\n\r\n";
  }
  writeAll(client, answer + "0\r\n\r\n");
  (void)::shutdown(client, SHUT_WR);
  (void)readToEnd(client);
  ::_exit(0);
}

}  // namespace

FakeDaemon::FakeDaemon(const std::string& runDir, const std::vector<std::string>& lines, std::optional<uid_t> user) {
  const std::string path = api::socketPath(runDir);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  // Who connects is told whose the listener was when it began to listen, unix(7).
  const uid_t self = ::geteuid();
  REQUIRE(::seteuid(user.value_or(self)) == 0);
  const bool listens = ::listen(listener.get(), 1) == 0;
  REQUIRE(::seteuid(self) == 0);
  REQUIRE(listens);
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  got_.reset(ends[0]);
  const base::UniqueFd writing(ends[1]);
  (void)std::fflush(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    serve(listener.get(), writing.get(), lines);
  }
}

FakeDaemon::~FakeDaemon() {
  (void)::kill(pid_, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
}

std::string FakeDaemon::request() {
  return readToEnd(got_.get());
}

}  // namespace vpclab::tests
