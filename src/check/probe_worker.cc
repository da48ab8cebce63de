#include "check/probe_worker.h"

#include <map>
#include <memory>

#include "base/frame_socket.h"
#include "check/count_task.h"
#include "check/http_task.h"
#include "check/job_json.h"
#include "check/path_task.h"
#include "check/ping_task.h"
#include "check/stream_task.h"
#include "check/sweep_task.h"

namespace vpclab::check {

namespace {

constexpr std::chrono::seconds kFrameTimeout{10};

struct Running {
  std::uint64_t number = 0;
  std::unique_ptr<Task> task;
  std::size_t firstPoll = 0;  // its entries in the poll list
  std::size_t pollCount = 0;
};

// Makes the tasks of one request from its descriptors, each of which serves one kind of job.
class TaskMaker {
 public:
  explicit TaskMaker(std::vector<base::UniqueFd> sockets) : sockets_(std::move(sockets)) {}

  base::Result<std::unique_ptr<Task>> make(const Job& job) {
    if (const auto* ping = std::get_if<PingJob>(&job)) {
      auto channel = channelOf(ping->socket);
      if (!channel) {
        return tl::make_unexpected(std::move(channel.error()));
      }
      return std::make_unique<PingTask>(*ping, std::move(*channel), base::Clock::now());
    }
    if (const auto* path = std::get_if<PathJob>(&job)) {
      auto channel = channelOf(path->socket);
      if (!channel) {
        return tl::make_unexpected(std::move(channel.error()));
      }
      return std::make_unique<PathTask>(*path, std::move(*channel));
    }
    if (const auto* sweep = std::get_if<SweepJob>(&job)) {
      auto channel = channelOf(sweep->socket);
      if (!channel) {
        return tl::make_unexpected(std::move(channel.error()));
      }
      return std::make_unique<SweepTask>(*sweep, std::move(*channel), base::Clock::now());
    }
    if (const auto* stream = std::get_if<StreamJob>(&job)) {
      return ofTwo<StreamTask>(*stream);
    }
    if (const auto* count = std::get_if<CountJob>(&job)) {
      return ofTwo<CountTask>(*count);
    }
    const auto& get = std::get<HttpJob>(job);
    std::vector<base::UniqueFd> connections;
    for (const std::size_t index : get.sockets) {
      auto socket = take(index);
      if (!socket) {
        return tl::make_unexpected(std::move(socket.error()));
      }
      connections.push_back(std::move(*socket));
    }
    return std::make_unique<HttpTask>(get, std::move(connections), base::Clock::now());
  }

 private:
  // A task with a socket at either end.
  template <class T, class J>
  base::Result<std::unique_ptr<Task>> ofTwo(const J& job) {
    auto client = take(job.client);
    if (!client) {
      return tl::make_unexpected(std::move(client.error()));
    }
    auto server = take(job.server);
    if (!server) {
      return tl::make_unexpected(std::move(server.error()));
    }
    return std::make_unique<T>(job, std::move(*client), std::move(*server), base::Clock::now());
  }

  base::Result<base::UniqueFd> take(std::size_t index) {
    if (index >= sockets_.size() || !sockets_[index].valid()) {
      return base::fail(base::ErrorKind::kInvalid, "socket " + std::to_string(index) + " is not there");
    }
    return std::move(sockets_[index]);
  }

  base::Result<std::shared_ptr<IcmpChannel>> channelOf(std::size_t index) {
    if (const auto known = channels_.find(index); known != channels_.end()) {
      return known->second;
    }
    auto socket = take(index);
    if (!socket) {
      return tl::make_unexpected(std::move(socket.error()));
    }
    auto channel = IcmpChannel::make(std::move(*socket));
    if (channel) {
      channels_.emplace(index, *channel);
    }
    return channel;
  }

  std::vector<base::UniqueFd> sockets_;
  std::map<std::size_t, std::shared_ptr<IcmpChannel>> channels_;
};

class Loop {
 public:
  explicit Loop(int controlFd) : control_(controlFd) {}

  int run() {
    std::vector<pollfd> polls;
    for (;;) {
      const int timeout = prepare(polls);
      if (::poll(polls.data(), polls.size(), timeout) < 0 && errno != EINTR) {
        return 1;
      }
      if ((polls[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        if (const auto status = takeRequest()) {
          return *status;
        }
      }
      if (!stepAll(polls)) {
        return 1;
      }
    }
  }

 private:
  // Fills the poll list; returns poll's timeout in milliseconds.
  int prepare(std::vector<pollfd>& polls) {
    polls.assign(1, {control_, POLLIN, 0});
    TimePoint wake = TimePoint::max();
    for (Running& running : running_) {
      running.firstPoll = polls.size();
      running.task->wishes(polls);
      running.pollCount = polls.size() - running.firstPoll;
      wake = std::min(wake, running.task->wakeAt());
    }
    return wake == TimePoint::max() ? -1 : base::Deadline::at(wake).pollTimeout();
  }

  // A status where the loop is to end.
  std::optional<int> takeRequest() {
    auto frame =
        base::receiveFrame(control_, base::kMaxFrameBytes, kMaxSocketsPerRequest, base::Deadline::after(kFrameTimeout));
    if (!frame) {
      return frame.error().kind() == base::ErrorKind::kNotFound ? 0 : 1;
    }
    const auto jobs = decodeRequest(frame->body);
    if (!jobs) {
      return 1;
    }
    TaskMaker maker(std::move(frame->fds));
    for (const NumberedJob& job : *jobs) {
      auto task = running_.size() < kMaxRunningJobs ? maker.make(job.job)
                                                    : base::fail(base::ErrorKind::kLimit, "too many jobs are running");
      if (task) {
        running_.push_back({job.number, std::move(*task), 0, 0});
      } else if (!answer({job.number, JobFailure{task.error().message()}})) {
        return 1;
      }
    }
    return std::nullopt;
  }

  bool stepAll(const std::vector<pollfd>& polls) {
    const TimePoint now = base::Clock::now();
    for (std::size_t i = 0; i < running_.size();) {
      Running& running = running_[i];
      bool due = running.pollCount == 0 || running.task->wakeAt() <= now;
      for (std::size_t p = 0; p < running.pollCount; ++p) {
        due = due || polls[running.firstPoll + p].revents != 0;
      }
      auto reply = due ? running.task->step(now) : std::nullopt;
      if (!reply) {
        ++i;
        continue;
      }
      const NumberedReply numbered{running.number, std::move(*reply)};
      if (i + 1 != running_.size()) {
        running_[i] = std::move(running_.back());
      }
      running_.pop_back();
      if (!answer(numbered)) {
        return false;
      }
    }
    return true;
  }

  bool answer(const NumberedReply& reply) {
    return base::sendFrame(control_, encodeReply(reply), {}, base::Deadline::after(kFrameTimeout)).has_value();
  }

  int control_;
  std::vector<Running> running_;
};

}  // namespace

int runProbeWorker(int controlFd) {
  return Loop(controlFd).run();
}

}  // namespace vpclab::check
