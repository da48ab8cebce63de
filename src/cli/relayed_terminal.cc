#include "cli/relayed_terminal.h"

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

namespace vpclab::cli {

namespace {

// What there is of one, to the other, which takes it whole. False: its end.
bool copy(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t size = ::read(from, buffer.data(), buffer.size());
  if (size < 0) {
    return errno == EINTR || errno == EAGAIN;
  }
  return size > 0 && base::writeAll(to, {buffer.data(), static_cast<std::size_t>(size)}).has_value();
}

}  // namespace

base::Result<RelayedTerminal> RelayedTerminal::make() {
  base::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
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
      raw_(std::exchange(other.raw_, false)) {}

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
  return copy(STDIN_FILENO, master_.get());
}

bool RelayedTerminal::fromCommand() {
  return copy(master_.get(), STDOUT_FILENO);
}

}  // namespace vpclab::cli
