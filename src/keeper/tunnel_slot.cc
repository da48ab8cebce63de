#include "keeper/tunnel_slot.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "keeper/paths.h"
#include "keeper/sandbox.h"
#include "keeper/tun.h"

namespace vpclab::keeper {

namespace {

constexpr base::Milliseconds kStartTime{10'000};
constexpr base::Milliseconds kGrace{1'000};
constexpr base::Milliseconds kPollInterval{1};  // its start takes some of them

base::Result<> checkTunnel(const Tunnel& tunnel) {
  const bool plain = !tunnel.name.empty() && tunnel.name.size() < IFNAMSIZ && tunnel.name.front() != '.' &&
                     tunnel.name.front() != '-' && std::all_of(tunnel.name.begin(), tunnel.name.end(), [](char c) {
                       return c > ' ' && c < 127 && c != '/' && c != ':' && c != '%';
                     });
  if (!plain) {
    return base::fail(base::ErrorKind::kInvalid, "not an interface's name: \"" + base::printable(tunnel.name) + "\"");
  }
  return {};
}

}  // namespace

TunnelSlot::TunnelSlot(Context* context, Tunnel tunnel, std::function<void()> dropped)
    : context_(context), tunnel_(std::move(tunnel)), dropped_(std::move(dropped)) {}

std::string TunnelSlot::title() const {
  return "tunnel " + base::printable(tunnel_.name) + " of " + base::printable(tunnel_.netns);
}

TunnelStatus TunnelSlot::status() const {
  const bool stale = (netns_ && !context_->pins.isStill(tunnel_.netns, *netns_)) ||
                     (socketNetns_ && !context_->pins.isStill(tunnel_.socketNetns, *socketNetns_));
  return {tunnel_, stale ? RunState::kExited : state_, child_ ? shownPid_ : 0, restarts_};
}

void TunnelSlot::setState(RunState state) {
  if (state_ != state) {
    state_ = state;
    context_->publish({true, tunnel_.netns, tunnel_.name, state, lastExit_});
  }
}

void TunnelSlot::put(const Tunnel& tunnel, base::Deadline deadline, Done done) {
  if (gone_ || stopped_ || starting_) {
    done(base::fail(base::ErrorKind::kBusy, title() + ": another call about it is under way"));
    return;
  }
  if (auto valid = checkTunnel(tunnel); !valid) {
    done(std::move(valid));
    if (!everRan_) {
      drop();
    }
    return;
  }
  if (child_ && status().state == RunState::kRunning && tunnel == tunnel_) {
    done({});
  } else if (child_) {
    stopping_.push_back([this, tunnel, deadline, done = std::move(done)](const base::Result<>&) {
      if (removing_) {
        done(base::fail(base::ErrorKind::kCancelled, title() + ": removed while it was changed"));
        return;
      }
      stopped_ = false;
      tunnel_ = tunnel;
      start(deadline, done);
    });
    stop(std::min(kGrace, deadline.left() / 2));
  } else {
    tunnel_ = tunnel;
    start(deadline, std::move(done));
  }
}

void TunnelSlot::start(base::Deadline deadline, Done done) {
  starting_ = std::move(done);
  startError_.reset();
  startDeadline_ = deadline.earlier(base::Deadline::after(kStartTime));
  if (everRan_) {
    ++restarts_;
  }
  setState(RunState::kStarting);
  auto child = launch();
  if (!child) {
    finishStart(base::fail(std::move(child.error())));
    return;
  }
  child_ = std::move(*child);
  shownPid_ = hostPidOf(child_->pid());
  poll();
}

// Its descriptors of the two interfaces are the only ones: they go with it, however it ends.
base::Result<std::unique_ptr<LiveChild>> TunnelSlot::launch() {
  auto netns = context_->pins.open(tunnel_.netns);
  auto socketNetns = context_->pins.open(tunnel_.socketNetns);
  if (!netns || !socketNetns) {
    return base::fail(std::move(!netns ? netns.error() : socketNetns.error()));
  }
  netns_ = netns->id;
  socketNetns_ = socketNetns->id;
  auto tun = makeTun(*netns, tunnel_.name, tunnel_.tunFlags);
  if (!tun) {
    return base::fail(std::move(tun.error()).context(tunnel_.netns));
  }
  auto standIn = makeTun(*socketNetns, tunnel_.name, tunnel_.tunFlags);
  if (!standIn) {
    return base::fail(std::move(standIn.error()).context(tunnel_.socketNetns));
  }
  return LiveChild::start(
      planTunnel(tunnel_.name, &*socketNetns, tun->get(), standIn->get()), context_, &output_,
      {[this](const ChildStatus& status) { startError_ = status.error; }, [this](int status) { ended(status); }});
}

// Nothing tells when wireguard-go listens, so it is tried.
void TunnelSlot::poll() {
  pollTimer_ = 0;
  if (open()) {
    finishStart(setMtu());
  } else if (startDeadline_.passed()) {
    finishStart(base::fail(base::ErrorKind::kTimeout, "wireguard-go does not answer on " + uapiPath(tunnel_.name)));
  } else {
    pollTimer_ = context_->loop->after(kPollInterval, [this] { poll(); });
  }
}

base::Result<base::UniqueFd> TunnelSlot::open() const {
  if (!child_ || shownPid_ == 0) {
    return base::fail(base::ErrorKind::kNotFound, title() + ": wireguard-go is not running");
  }
  auto peer = connectUnix("/proc/" + std::to_string(shownPid_) + "/root" + uapiPath(tunnel_.name),
                          base::Deadline::after(base::Milliseconds(0)));
  if (!peer) {
    return base::fail(std::move(peer.error()).context(title()));
  }
  ::fcntl(peer->socket.get(), F_SETFL, ::fcntl(peer->socket.get(), F_GETFL) & ~O_NONBLOCK);
  return std::move(peer->socket);
}

// wireguard-go reads the MTU of the interface in its own namespace, to know how far it may pad a packet.
base::Result<> TunnelSlot::setMtu() const {
  if (tunnel_.mtu == 0) {
    return {};
  }
  auto netns = context_->pins.open(tunnel_.socketNetns);
  if (!netns) {
    return base::fail(std::move(netns.error()));
  }
  const auto scope = NetnsScope::enter(netns->fd.get());
  if (!scope) {
    return base::fail(scope.error());
  }
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, tunnel_.name.data(), tunnel_.name.size());
  request.ifr_mtu = static_cast<int>(tunnel_.mtu);
  if (!socket || ::ioctl(socket.get(), SIOCSIFMTU, &request) != 0) {
    return base::failErrno("set the MTU to " + std::to_string(tunnel_.mtu));
  }
  return {};
}

void TunnelSlot::finishStart(base::Result<> result) {
  context_->loop->cancel(pollTimer_);
  pollTimer_ = 0;
  const Done done = std::exchange(starting_, nullptr);
  if (result) {
    everRan_ = true;
    setState(RunState::kRunning);
  } else {
    result = base::fail(std::move(result.error()).context(title()));
    child_.reset();
    drop();
  }
  if (done) {
    done(std::move(result));
  }
}

void TunnelSlot::ended(int waitStatus) {
  child_.reset();
  context_->loop->cancel(pollTimer_);
  pollTimer_ = 0;
  lastExit_ = describeExit(waitStatus);
  if (stopped_) {
    if (const Done done = std::exchange(starting_, nullptr)) {
      done(base::fail(base::ErrorKind::kCancelled, title() + ": removed while it started"));
    }
    for (const auto& done : std::exchange(stopping_, {})) {
      done({});
    }
  } else if (starting_) {
    const std::string words = output_.lastLine();
    finishStart(base::fail(
        startError_ ? *startError_
                    : base::Error(base::ErrorKind::kSystem, "wireguard-go ended before it was ready: " + lastExit_ +
                                                                (words.empty() ? "" : ": " + words))));
  } else {
    setState(RunState::kExited);
  }
}

void TunnelSlot::stop(base::Milliseconds grace) {
  stopped_ = true;
  // A start that fails now would take the child away, and with it the end that stopping_ waits for.
  context_->loop->cancel(pollTimer_);
  pollTimer_ = 0;
  child_->stop(grace);
}

void TunnelSlot::remove(base::Deadline deadline, Done done) {
  removing_ = true;
  if (!child_) {
    drop();
    done({});
    return;
  }
  stopping_.push_back([this, done = std::move(done)](const base::Result<>&) {
    drop();
    done({});
  });
  stop(std::min(kGrace, deadline.left() / 2));
}

void TunnelSlot::drop() {
  if (!gone_) {
    gone_ = true;
    stopped_ = true;
    setState(RunState::kExited);
    dropped_();
  }
}

}  // namespace vpclab::keeper
