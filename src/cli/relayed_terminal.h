#pragma once

#include <string>

#include <termios.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::cli {

// A pseudoterminal for a command elsewhere, and the caller's own terminal as its screen and keyboard: raw, so that
// Ctrl-C and the like are the command's, until the end of this object.
class RelayedTerminal {
 public:
  // Between standard input and output, which are terminals.
  static base::Result<RelayedTerminal> make();
  RelayedTerminal(RelayedTerminal&& other) noexcept;
  RelayedTerminal& operator=(RelayedTerminal&&) = delete;
  ~RelayedTerminal();

  int commandsEnd() const { return slave_.get(); }
  // Once the command has its own descriptor of it: so that its end can be seen.
  void closeCommandsEnd() { slave_.reset(); }
  int masterFd() const { return master_.get(); }
  void takeSize();  // the caller's window is as large as that now
  // What was typed and the command has not taken yet: no more is read before it has.
  bool hasPending() const { return !pending_.empty(); }
  bool fromCaller();  // false: no more will come
  bool fromCommand();
  void toCommand();  // as much of it as there is room for

 private:
  RelayedTerminal(base::UniqueFd master, base::UniqueFd slave, const termios& before)
      : master_(std::move(master)), slave_(std::move(slave)), before_(before), raw_(true) {}

  base::UniqueFd master_;
  base::UniqueFd slave_;
  termios before_;
  bool raw_;
  std::string pending_;
};

}  // namespace vpclab::cli
