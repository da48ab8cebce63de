#include "keeper/keeper_process.h"

#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "base/file.h"
#include "keeper/paths.h"
#include "keeper/registry.h"
#include "keeper/server.h"
#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr base::Milliseconds kEndTime{10'000};

// The lab's network hangs on the keeper, so it should be the last to go when memory runs out. Best effort.
Inherited hardenLimits() {
  Inherited before;
  if (auto text = base::readProcFile("/proc/self/oom_score_adj")) {
    before.oomScoreAdjust = *text;
    const base::UniqueFd adjust(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (adjust.valid()) {
      static_cast<void>(base::writeAll(adjust.get(), "-900\n"));
    }
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    before.softFiles = files.rlim_cur;
    files.rlim_cur = files.rlim_max;  // one socket per listener, three descriptors per process
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return before;
}

base::Result<base::UniqueFd> openSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
    ::sigaddset(&set, number);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  base::UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    return base::failErrno("open a signal descriptor");
  }
  return fd;
}

// Reads what is there; whether the keeper is asked to end.
bool readSignals(int fd) {
  bool end = false;
  signalfd_siginfo info{};
  while (::read(fd, &info, sizeof(info)) == sizeof(info)) {
    end = end || info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
  }
  return end;
}

}  // namespace

base::Result<> runKeeperProcess(const Address& address, const std::string& workerProgram, const std::string& netnsDir,
                                const std::function<void()>& started) {
  auto loop = Loop::make();
  auto signals = openSignals();
  auto socket = listenUnix(Paths(address).socket);
  if (!loop || !signals || !socket) {
    return base::fail(!loop ? loop.error() : !signals ? signals.error() : socket.error());
  }
  ChildTable children;
  Server* publisher = nullptr;
  Context context{&*loop,
                  &children,
                  NetnsPins(netnsDir, address.lab),
                  hardenLimits(),
                  address.lab,
                  workerProgram,
                  [&publisher](const Event& event) {
                    if (publisher != nullptr) {
                      publisher->publish(event);
                    }
                  }};
  Registry registry(&context);
  const auto endAll = [&](const Reply& reply) {
    // What does not end in time is ended by the kernel when the keeper does.
    loop->after(kEndTime, [&] { loop->stop(); });
    registry.endAll(base::Deadline::after(kEndTime), [&, reply] {
      if (reply) {
        reply(Answer{});
      }
      loop->after({}, [&] { loop->stop(); });
    });
  };
  Server server(&*loop, std::move(*socket),
                [&](const nlohmann::json& request, base::Deadline deadline, const Reply& reply) {
                  if (request.value("op", nlohmann::json()) == "shutdown") {
                    endAll(reply);
                  } else {
                    registry.handle(request, deadline, reply);
                  }
                });
  publisher = &server;
  auto watching = loop->watch(signals->get(), EPOLLIN, [&](std::uint32_t) {
    if (readSignals(signals->get())) {
      endAll(nullptr);
    }
    children.reap();
  });
  if (watching) {
    watching = server.start();
  }
  if (!watching) {
    return watching;
  }
  started();
  auto ran = loop->run();
  server.flushAll();
  publisher = nullptr;
  return ran;
}

}  // namespace vpclab::keeper
