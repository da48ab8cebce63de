#include "cli/remote_command.h"

#include <cerrno>
#include <csignal>
#include <optional>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/client.h"
#include "api/json_reader.h"
#include "base/frame_socket.h"
#include "cli/ask.h"
#include "cli/relayed_terminal.h"

namespace vpclab::cli {

namespace {

constexpr std::chrono::seconds kSendTime{10};
constexpr int kDrainMilliseconds = 1000;

std::string workingDirectory() {
  const std::unique_ptr<char, void (*)(void*)> path(::getcwd(nullptr, 0), std::free);
  // One that was removed, or that cannot be reached from the root.
  return path && path.get()[0] == '/' ? path.get() : "/";
}

class SignalReader {
 public:
  static base::Result<SignalReader> make() {
    SignalReader out;
    ::sigemptyset(&out.signals_);
    ::sigaddset(&out.signals_, SIGWINCH);
    for (int number = 1; number < NSIG; ++number) {
      if (api::mayPassOn(number)) {
        ::sigaddset(&out.signals_, number);
      }
    }
    ::sigprocmask(SIG_BLOCK, &out.signals_, &out.before_);
    out.fd_.reset(::signalfd(-1, &out.signals_, SFD_CLOEXEC | SFD_NONBLOCK));
    return out.fd_.valid() ? base::Result<SignalReader>(std::move(out)) : base::failErrno("signalfd");
  }
  SignalReader(SignalReader&&) = default;
  SignalReader& operator=(SignalReader&&) = delete;
  ~SignalReader() {
    if (fd_.valid()) {
      ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
  }

  int fd() const { return fd_.get(); }
  int next() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  SignalReader() = default;
  base::UniqueFd fd_;
  sigset_t signals_{};
  sigset_t before_{};
};

// Until the daemon has something to say, or has gone.
void relay(int socket, const SignalReader& signals, std::optional<RelayedTerminal>& terminal) {
  bool typing = terminal.has_value();
  bool screen = terminal.has_value();
  for (;;) {
    std::array<pollfd, 4> entries{pollfd{socket, POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0},
                                  pollfd{screen ? terminal->masterFd() : -1, POLLIN, 0},
                                  pollfd{typing && !terminal->hasPending() ? STDIN_FILENO : -1, POLLIN, 0}};
    if (terminal && terminal->hasPending()) {
      entries[2].events |= POLLOUT;
    }
    if (::poll(entries.data(), entries.size(), -1) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return;
    }
    if ((entries[2].revents & POLLOUT) != 0) {
      terminal->toCommand();
    }
    if ((entries[2].revents & ~POLLOUT) != 0) {
      screen = terminal->fromCommand();
    }
    if (entries[3].revents != 0) {
      typing = terminal->fromCaller();
    }
    if (entries[1].revents != 0) {
      const int signal = signals.next();
      if (signal == SIGWINCH && terminal) {
        terminal->takeSize();
      } else if (api::mayPassOn(signal)) {
        const char number = static_cast<char>(signal);
        static_cast<void>(base::sendFrame(socket, {&number, 1}, {}, base::Deadline::after(kSendTime)));
      }
    }
    if (entries[0].revents != 0) {
      break;
    }
  }
  // All that the command has written: with the last of its processes its end is closed.
  pollfd entry{screen ? terminal->masterFd() : -1, POLLIN, 0};
  while (screen && ::poll(&entry, 1, kDrainMilliseconds) > 0) {
    screen = terminal->fromCommand();
  }
}

base::Result<Ended> endedOf(const api::Final& final) {
  const auto json = api::parseJson(final.data, "the daemon's answer");
  if (!json) {
    return base::fail(json.error());
  }
  Ended out;
  std::int64_t status = out.status;
  api::JsonReader reader(*json, "the daemon's answer");
  if (reader.optionalMember("status") != nullptr) {
    reader.take("status", status, 0, 255);
  }
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  out.status = static_cast<int>(status);
  out.error = final.errors.empty() ? "" : final.errors.front();
  return out;
}

}  // namespace

base::Result<api::Command> commandOf(std::vector<std::string> words) {
  api::Command command;
  command.directory = workingDirectory();
  command.mask = ::umask(0);
  ::umask(command.mask);
  command.arguments = std::move(words);
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    command.environment.emplace_back(*variable);
  }
  // Before anybody is asked: what is wrong with it.
  if (auto encoded = api::encodeCommand(command); !encoded) {
    return base::fail(std::move(encoded.error()));
  }
  return command;
}

base::Result<Ended> runRemotely(const Context& context, const api::ExecRequest& request, api::Command command,
                                std::array<int, api::kCommandFds> streams) {
  auto client = connectToDaemon(context, false);
  if (!client) {
    return base::fail(std::move(client.error()));
  }
  const auto signals = SignalReader::make();
  if (!signals) {
    return base::fail(signals.error());
  }
  std::optional<RelayedTerminal> terminal;
  if (::isatty(streams[0]) == 1 && ::isatty(streams[1]) == 1) {
    auto made = RelayedTerminal::make();
    if (!made) {
      return base::fail(std::move(made.error()));
    }
    terminal.emplace(std::move(*made));
    command.terminal = true;
    for (int& stream : streams) {
      stream = ::isatty(stream) == 1 ? terminal->commandsEnd() : stream;
    }
  }
  const auto encoded = api::encodeCommand(command);
  if (!encoded) {
    return base::fail(encoded.error());
  }
  const auto final = client->call(request, {}, [&](int socket) {
    // Where the daemon refuses it does not take this, and its answer says why.
    static_cast<void>(base::sendFrame(socket, *encoded, streams, base::Deadline::after(kSendTime)));
    if (terminal) {
      terminal->closeCommandsEnd();
    }
    relay(socket, *signals, terminal);
  });
  if (!final) {
    return base::fail(base::Error(final.error()).context("ask the daemon"));
  }
  return endedOf(*final);
}

}  // namespace vpclab::cli
