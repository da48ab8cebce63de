#include "worker/serve.h"

#include <csignal>

#include <sys/epoll.h>
#include <unistd.h>

#include "lb/event_loop.h"
#include "lb/log.h"
#include "lb/route_watch.h"
#include "worker/control.h"
#include "worker/syscall_filter.h"

namespace vpclab::worker {

namespace {

constexpr base::Milliseconds kLongestWait{60'000};

}  // namespace

int serve(int controlFd) {
  std::signal(SIGPIPE, SIG_IGN);
  lb::LogSink log(STDOUT_FILENO);
  const auto end = [&](const base::Error& error) {
    log.line("vpclab-worker: " + error.message());
    log.flush();
    return 1;
  };
  auto loop = lb::EventLoop::create();
  if (!loop) {
    return end(loop.error());
  }
  // Opened before the filter, which lets no other family through than IP's.
  auto routes = lb::RouteWatch::openSocket();
  if (!routes) {
    return end(routes.error());
  }
  if (auto restricted = restrictSystemCalls(); !restricted) {
    return end(restricted.error());
  }
  Control control(controlFd, **loop, log, std::move(*routes));
  if (auto added = (*loop)->add(controlFd, EPOLLIN, &control); !added) {
    return end(added.error());
  }
  lb::Timer logDue(**loop, [] {});
  (*loop)->afterRound([&] {
    const auto due = log.flushIfDue((*loop)->now());
    if (due && !logDue.running()) {
      logDue.startAt(*due);
    }
  });
  while (!control.ended()) {
    if (auto ran = (*loop)->runOnce(kLongestWait); !ran) {
      return end(ran.error());
    }
  }
  log.flush();
  // Everything ends with the process; taking it apart piece by piece would only take time.
  ::_exit(control.exitStatus());
}

}  // namespace vpclab::worker
