#include <optional>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/flip_watch.h"
#include "daemon/operations.h"
#include "daemon/worker_answer.h"
#include "keeper/client.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::milliseconds kPace{250};        // of looking at the balancers, and whether to stop
constexpr std::chrono::milliseconds kKeeperTime{500};  // one that does not answer keeps nothing else from being told
constexpr std::chrono::seconds kSignOfLife{60};        // well within what a client waits for

// The backends' flips, for which a balancer's worker has to be asked: that is done as long as somebody follows.
class Balancers {
 public:
  Balancers(Engine& engine, std::string lab) : engine_(engine), wanted_(std::move(lab)), flips_(unixMsNow()) {}

  std::vector<api::Happening> look() {
    std::vector<api::Happening> out;
    std::vector<std::string> labs{wanted_};
    if (wanted_.empty()) {
      auto known = engine_.store().labs();
      labs = known ? std::move(*known) : std::vector<std::string>();
    }
    for (const auto& lab : labs) {
      // One that has no keeper, or an old one, has nothing to tell now, and may next time.
      auto client = keeper::Client::connect({engine_.options().runDir, lab}, base::Deadline::after(kKeeperTime));
      if (client) {
        lookAt(lab, *client, out);
      }
    }
    return out;
  }

 private:
  void lookAt(const std::string& lab, keeper::Client& client, std::vector<api::Happening>& out) {
    const auto listing = client.list(base::Deadline::after(kKeeperTime));
    if (!listing) {
      return;
    }
    for (const auto& process : listing->processes) {
      if (process.process.name != "lb" || process.state != keeper::RunState::kRunning) {
        continue;
      }
      if (const auto status = workerStatus(client, process.process.netns, "lb")) {
        auto flips = flips_.take(lab, process.process.netns, *status);
        out.insert(out.end(), std::make_move_iterator(flips.begin()), std::make_move_iterator(flips.end()));
      }
    }
  }

  Engine& engine_;
  std::string wanted_;
  FlipWatch flips_;
};

api::Happening following(Engine& engine, const std::string& lab) {
  api::Happening out;
  out.time = timeText(unixMsNow());
  out.lab = lab;
  out.what = "following";
  const auto known = engine.store().labs();
  const bool up = known && std::find(known->begin(), known->end(), lab) != known->end();
  out.reason = lab.empty() ? "all labs" : up ? "" : "it is not up yet";
  return out;
}

// Sends only what the client takes at once: a slow one holds up nobody, and is not sent away for it.
class Stream {
 public:
  explicit Stream(Session& session) : session_(session) {}

  bool send(const api::Happening& happening) {
    while (!session_.ready(base::Deadline::after(kPace))) {
      if (session_.stopped()) {
        return false;
      }
    }
    session_.send(happening);
    ++count_;
    spoken_ = base::Clock::now();
    return !session_.stopped();
  }
  void signOfLife() {
    if (base::Clock::now() - spoken_ > kSignOfLife && session_.ready(base::Deadline::after(base::Milliseconds(0)))) {
      session_.send(api::Progress{"events", count_, count_});
      spoken_ = base::Clock::now();
    }
  }
  std::int64_t count() const { return count_; }

 private:
  Session& session_;
  std::int64_t count_ = 0;
  base::Clock::time_point spoken_ = base::Clock::now();
};

}  // namespace

api::Final followEvents(Engine& engine, const api::EventsRequest& request, Session& session) {
  if (!request.lab.empty() && !isLabName(request.lab)) {
    return failed(base::Error(base::ErrorKind::kInvalid,
                              "`" + base::printable(request.lab.substr(0, 64)) + "` is no name of a lab"));
  }
  auto subscription = engine.journal().events().subscribe(request.lab);
  Balancers balancers(engine, request.lab);
  Stream stream(session);
  bool going = stream.send(following(engine, request.lab));
  auto nextLook = base::Clock::now();
  while (going && !session.stopped()) {
    for (const auto& happening : subscription.take(base::Deadline::at(nextLook))) {
      going = going && stream.send(*happening);
    }
    if (going && base::Clock::now() >= nextLook) {
      for (const auto& flip : balancers.look()) {
        going = going && stream.send(flip);
      }
      nextLook = base::Clock::now() + kPace;
      stream.signOfLife();
    }
  }
  auto final = finalOf(api::Exit::kOk, {{"lab", request.lab}, {"events", stream.count()}});
  if (session.ending()) {
    final.exit = api::Exit::kFailed;
    final.errors.push_back("the daemon is ending, and its events with it");
  }
  return final;
}

}  // namespace vpclab::daemon
