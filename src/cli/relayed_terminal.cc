#include "cli/relayed_terminal.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

namespace vpclab::cli {

namespace {

// What there is of it, given to `take`, which tells whether it could. False: its end.
template <class Take>
bool readSome(int from, const Take& take) {
  std::array<char, 16384> buffer{};
  const ssize_t size = ::read(from, buffer.data(), buffer.size());
  if (size < 0) {
    return errno == EINTR || errno == EAGAIN;
  }
  return size > 0 && take(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
}

}  // namespace

base::Result<RelayedTerminal> RelayedTerminal::make() {
  base::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    return base::failErrno("open a pseudoterminal");
  }
  // The command may write while it reads nothing: who waited for it to take a long paste would wait for ever.
  const int flags = ::fcntl(master.get(), F_GETFL);
  if (flags < 0 || ::fcntl(master.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::failErrno("open a pseudoterminal");
  }
  base::UniqueFd slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios before{};
  if (!slave || ::tcgetattr(STDIN_FILENO, &before) != 0) {
    return base::failErrno("open a pseudoterminal");
  }
  termios raw = before;
  ::cfmakeraw(&raw);
  if (::tcsetattr(slave.get(), TCSANOW, &before) != 0 || ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
    return base::failErrno("set up the terminal");
  }
  RelayedTerminal out(std::move(master), std::move(slave), before);
  out.takeSize();
  return out;
}

RelayedTerminal::RelayedTerminal(RelayedTerminal&& other) noexcept
    : master_(std::move(other.master_)),
      slave_(std::move(other.slave_)),
      before_(other.before_),
      raw_(std::exchange(other.raw_, false)),
      pending_(std::move(other.pending_)) {}

RelayedTerminal::~RelayedTerminal() {
  if (raw_) {
    (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
}

void RelayedTerminal::takeSize() {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    (void)::ioctl(master_.get(), TIOCSWINSZ, &size);
  }
}

bool RelayedTerminal::fromCaller() {
  return readSome(STDIN_FILENO, [this](std::string_view typed) {
    pending_ = typed;
    toCommand();
    return true;
  });
}

bool RelayedTerminal::fromCommand() {
  return readSome(master_.get(), [](std::string_view said) { return base::writeAll(STDOUT_FILENO, said).has_value(); });
}

void RelayedTerminal::toCommand() {
  const ssize_t size = ::write(master_.get(), pending_.data(), pending_.size());
  if (size >= 0) {
    pending_.erase(0, static_cast<std::size_t>(size));
  } else if (errno != EAGAIN && errno != EINTR) {
    pending_.clear();  // nobody is there to take it
  }
}

}  // namespace vpclab::cli
