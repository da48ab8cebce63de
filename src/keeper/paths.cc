#include "keeper/paths.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/text.h"

namespace vpclab::keeper {

namespace {

// unix(7) leaves 108 bytes for a path, so a longer one is reached through a descriptor of its directory.
struct ShortPath {
  base::UniqueFd directory;
  sockaddr_un address{};
  socklen_t size = 0;
};

base::Result<ShortPath> shorten(const std::string& path) {
  ShortPath out;
  std::string text = path;
  if (text.size() >= sizeof(out.address.sun_path)) {
    const auto slash = path.rfind('/');
    const std::string directory = path.substr(0, slash);
    out.directory.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.directory) {
      return base::failErrno("open " + directory);
    }
    text = "/proc/self/fd/" + std::to_string(out.directory.get()) + path.substr(slash);
  }
  if (text.size() >= sizeof(out.address.sun_path)) {
    return base::fail(base::ErrorKind::kInvalid, "the socket's file name is too long: " + path);
  }
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path, text.c_str(), text.size() + 1);
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
  return out;
}

}  // namespace

Paths::Paths(const Address& address)
    : directory(address.runDir + "/labs/" + address.lab),
      socket(directory + "/keeper.sock"),
      lock(directory + "/keeper.lock"),
      record(directory + "/keeper.pid"),
      log(directory + "/keeper.log") {}

std::string Address::socketPath() const {
  return Paths(*this).socket;
}

base::Result<> checkAddress(const Address& address) {
  const bool slug =
      !address.lab.empty() && address.lab.size() <= 128 && address.lab.front() != '.' &&
      std::all_of(address.lab.begin(), address.lab.end(), [](char c) { return c > ' ' && c < 127 && c != '/'; });
  if (!slug) {
    return base::fail(base::ErrorKind::kInvalid, "not a lab's name: \"" + base::printable(address.lab) + "\"");
  }
  if (address.runDir.empty() || address.runDir.front() != '/') {
    return base::fail(base::ErrorKind::kInvalid,
                      "the run directory is not an absolute path: \"" + base::printable(address.runDir) + "\"");
  }
  return {};
}

base::Result<std::uint64_t> startTimeOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  auto text = base::readProcFile(path);
  if (!text) {
    return base::fail(std::move(text.error()));
  }
  // The second field, the name in parentheses, may itself hold spaces and parentheses.
  const auto close = text->rfind(')');
  if (close != std::string::npos) {
    const auto fields = base::split(std::string_view(*text).substr(close), ' ');
    constexpr std::size_t kStartTime = 20;  // ")" stands for field 2
    if (fields.size() > kStartTime) {
      if (const auto value = base::parseInteger(fields[kStartTime], 0, INT64_MAX)) {
        return static_cast<std::uint64_t>(*value);
      }
    }
  }
  return base::fail(base::ErrorKind::kProtocol, path + " has no start time");
}

base::Result<KeeperRecord> readRecord(const std::string& path) {
  auto text = base::readFile(path, 256);
  if (!text) {
    return base::fail(std::move(text.error()));
  }
  while (!text->empty() && text->back() == '\n') {
    text->pop_back();
  }
  const auto fields = base::split(*text, ' ');
  if (fields.size() == 2) {
    const auto pid = base::parseInteger(fields[0], 2, INT32_MAX);
    const auto start = base::parseInteger(fields[1], 0, INT64_MAX);
    if (pid && start) {
      return KeeperRecord{static_cast<pid_t>(*pid), static_cast<std::uint64_t>(*start)};
    }
  }
  return base::fail(base::ErrorKind::kProtocol, path + " does not hold a pid and a start time");
}

base::Result<> writeRecord(const std::string& path, const KeeperRecord& record) {
  return base::writeFileAtomically(path, std::to_string(record.pid) + " " + std::to_string(record.startTime) + "\n",
                                   0600);
}

base::Result<Peer> connectUnix(const std::string& path, base::Deadline deadline) {
  auto target = shorten(path);
  if (!target) {
    return base::fail(std::move(target.error()));
  }
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return base::failErrno("open a socket for " + path);
  }
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&target->address), target->size) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) {
      return base::fail(base::ErrorKind::kNotFound, "connect to " + path + ": nobody listens");
    }
    // EAGAIN: the backlog is full; unix(7) offers nothing to wait on.
    if (errno != EAGAIN && errno != EINTR) {
      return base::failErrno("connect to " + path);
    }
    if (deadline.passed()) {
      return base::fail(base::ErrorKind::kTimeout, "connect to " + path);
    }
    ::poll(nullptr, 0, 5);
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return base::failErrno("ask who serves " + path);
  }
  if (peer.uid != 0 && peer.uid != ::geteuid()) {
    return base::fail(base::ErrorKind::kForeign, path + " is served by user " + std::to_string(peer.uid));
  }
  return Peer{std::move(fd), peer.pid};
}

base::Result<base::UniqueFd> listenUnix(const std::string& path) {
  auto target = shorten(path);
  if (!target) {
    return base::fail(std::move(target.error()));
  }
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The umask makes it private from its first moment; chmod takes the execute bit, which umask 077 leaves.
  const mode_t before = ::umask(077);
  const bool bound =
      fd.valid() && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&target->address), target->size) == 0;
  const int error = errno;
  ::umask(before);
  errno = error;
  if (!bound || ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 64) != 0) {
    return base::failErrno("listen on " + path);
  }
  return fd;
}

base::Result<base::UniqueFd> takeLock(const std::string& path) {
  for (;;) {
    base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
      return base::failErrno("open " + path);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return base::fail(base::ErrorKind::kBusy, path + " is held by another keeper");
      }
      return base::failErrno("lock " + path);
    }
    // Whoever held it before may have removed the file: then this lock is on a file that nobody else will find.
    struct stat ours = {};
    struct stat named = {};
    if (::fstat(fd.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
        ours.st_dev == named.st_dev) {
      return fd;
    }
  }
}

}  // namespace vpclab::keeper
