#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame_socket.h"
#include "base/text.h"
#include "cli/dialer.h"
#include "cli/finish.h"
#include "cli/remote_command.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

constexpr std::chrono::seconds kDialTime{10};
constexpr std::size_t kMaxRefusal = 4096;
constexpr std::string_view kPlease = "c";  // one byte for each connection that is wanted

// `vpclab dial ADDRESS PORT`: runs in the node.
class DialVerb : public Verb {
 public:
  const char* name() const override { return "dial"; }
  const char* help() const override { return "opens connections for `vpclab forward`, by its standard input"; }
  const char* examples() const override { return ""; }
  bool hasJson() const override { return false; }
  bool isHidden() const override { return true; }
  void declare(VerbOptions& options) override {
    options.positional("ADDRESS", address_, "where to", true);
    options.positional("PORT", port_, "where to", true);
  }
  int run(const Context& context) override {
    const auto address = net::IpAddr::parse(address_);
    const auto port = base::parseInteger(port_, 1, 65535);
    if (!address || !address->isV4() || !port) {
      return finish(context, base::Error(base::ErrorKind::kInvalid, "dial: no such target"));
    }
    char wanted = 0;
    ssize_t got = 0;
    while ((got = ::recv(STDIN_FILENO, &wanted, 1, 0)) > 0 || (got < 0 && errno == EINTR)) {
      const auto socket = connectTo(*address, static_cast<std::uint16_t>(*port));
      const std::array<int, 1> fds{socket ? socket->get() : -1};
      const auto deadline = base::Deadline::after(kDialTime);
      const auto sent = socket ? base::sendFrame(STDIN_FILENO, "", fds, deadline)
                               : base::sendFrame(STDIN_FILENO, socket.error().message(), {}, deadline);
      if (!sent) {
        return finish(context, sent.error());
      }
    }
    return 0;
  }

 private:
  std::string address_;
  std::string port_;
};

class RemoteDialer : public Dialer {
 public:
  RemoteDialer(Context context, NodePlace place) : context_(std::move(context)), place_(std::move(place)) {}
  RemoteDialer(const RemoteDialer&) = delete;
  RemoteDialer& operator=(const RemoteDialer&) = delete;
  ~RemoteDialer() override { end(); }

  base::Result<base::UniqueFd> dial() override {
    // Where the lab was made anew the process that ran in it is gone: then once more.
    const bool older = socket_.valid();
    auto socket = ask();
    return !socket && older && !socket_.valid() ? ask() : std::move(socket);
  }

 private:
  base::Result<base::UniqueFd> ask() {
    if (auto started = socket_.valid() ? base::Result<>() : start(); !started) {
      return base::fail(std::move(started.error()));
    }
    const auto deadline = base::Deadline::after(kDialTime);
    if (::send(socket_.get(), kPlease.data(), kPlease.size(), MSG_NOSIGNAL) > 0) {
      if (auto frame = base::receiveFrame(socket_.get(), kMaxRefusal, 1, deadline)) {
        return frame->fds.size() == 1 ? base::Result<base::UniqueFd>(std::move(frame->fds.front()))
                                      : base::fail(base::ErrorKind::kSystem, base::printable(frame->body));
      }
    }
    end();
    return base::fail(base::ErrorKind::kNotFound, "the process that connects in lab " + place_.lab + " has ended");
  }

  base::Result<> start() {
    std::error_code problem;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", problem);
    auto command = commandOf({self, "dial", place_.address, std::to_string(place_.port)});
    if (!command) {
      return base::fail(std::move(command.error()));
    }
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return base::failErrno("socketpair");
    }
    socket_.reset(ends[0]);
    base::UniqueFd theirs(ends[1]);
    child_ = ::fork();
    if (child_ < 0) {
      return base::failErrno("fork");
    }
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      socket_.reset();
      ::_exit(relay(std::move(*command), theirs.get()));
    }
    return {};
  }

  int relay(api::Command command, int theirs) const {
    const auto ended = runRemotely(context_, api::ExecRequest{place_.lab, place_.node}, std::move(command),
                                   {theirs, STDERR_FILENO, STDERR_FILENO});
    if (!ended || !ended->error.empty()) {
      return finish(context_, ended ? base::Error(base::ErrorKind::kSystem, ended->error) : ended.error());
    }
    return ended->status;
  }

  void end() {
    socket_.reset();
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
      }
      child_ = -1;
    }
  }

  Context context_;
  NodePlace place_;
  base::UniqueFd socket_;  // to the process in the node
  pid_t child_ = -1;       // keeps that one
};

}  // namespace

std::unique_ptr<Dialer> makeRemoteDialer(Context context, NodePlace place) {
  return std::make_unique<RemoteDialer>(std::move(context), std::move(place));
}

std::unique_ptr<Verb> makeDial() {
  return std::make_unique<DialVerb>();
}

}  // namespace vpclab::cli
