#include <algorithm>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/found_node.h"
#include "daemon/operations.h"
#include "daemon/tail.h"
#include "keeper/client.h"

namespace vpclab::daemon {

namespace {

using base::ErrorKind;

constexpr std::chrono::seconds kKeeperTime{3};
constexpr std::chrono::milliseconds kFollowPace{200};
constexpr std::chrono::seconds kSignOfLife{60};  // well within what a client waits for

base::Deadline soon() {
  return base::Deadline::after(kKeeperTime);
}

// The one process that runs in the node: a load balancer's worker, a server's command.
base::Result<std::string> processOf(keeper::Client& client, const FoundNode& found) {
  const auto listing = client.list(soon());
  if (!listing) {
    return base::fail(base::Error(listing.error()));
  }
  const auto process = std::find_if(listing->processes.begin(), listing->processes.end(),
                                    [&](const auto& one) { return one.process.netns == found.node.id; });
  if (process == listing->processes.end()) {
    return base::fail(ErrorKind::kNotFound,
                      found.node.id + " runs no process of its own that could have said anything");
  }
  return process->process.name;
}

}  // namespace

api::Final showLogs(Engine& engine, const api::LogsRequest& request, Session& session) {
  const auto found = findNode(engine, request.lab, request.node);
  if (!found) {
    return failed(found.error());
  }
  auto client = keeper::Client::connect({engine.options().runDir, found->lab}, soon());
  if (!client) {
    return failed(client.error());
  }
  const auto process = processOf(*client, *found);
  if (!process) {
    return failed(process.error());
  }
  Tail tail;
  std::vector<std::string> lines;
  std::int64_t count = 0;
  auto spoken = base::Clock::now();
  do {
    std::optional<std::uint64_t> end;
    const auto output = client->output(found->node.id, *process, soon(), &end);
    if (!output) {
      return failed(base::Error(output.error()).context("output of " + *process + " in " + found->node.id));
    }
    if (request.follow && !end) {
      return failed(base::Error(ErrorKind::kUnsupported,
                                "lab " + found->lab +
                                    " was brought up by an older release, whose keeper does not say what "
                                    "is new: logs without --follow, or take the lab down and up"));
    }
    for (const auto& line : linesOf(tail.take(*output, end.value_or(output->size())))) {
      const std::string shown = base::printable(line);
      session.send(api::TextLine{shown});
      ++count;
      spoken = base::Clock::now();
      if (!request.follow) {
        lines.push_back(shown);
      }
    }
    if (request.follow && base::Clock::now() - spoken > kSignOfLife) {
      session.send(api::Progress{"logs", count, count});
      spoken = base::Clock::now();
    }
    if (request.follow && !session.stopped()) {
      std::this_thread::sleep_for(kFollowPace);
    }
  } while (request.follow && !session.stopped());
  return finalOf(api::Exit::kOk,
                 {{"lab", found->lab}, {"node", found->node.id}, {"process", *process}, {"lines", lines}});
}

}  // namespace vpclab::daemon
