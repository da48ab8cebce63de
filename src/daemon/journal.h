#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "daemon/event_hub.h"
#include "daemon/session.h"
#include "daemon/tally.h"
#include "keeper/watcher.h"
#include "plan/apply.h"

namespace vpclab::daemon {

// All that the daemon does and sees, told in the three places where somebody may look: its log, those who follow its
// events, its counters. Thread safe.
class Journal {
 public:
  // An operation on one lab, from its first change on. One thread.
  class Work {
   public:
    // `verb`: "apply", "heal", "link set".
    Work(Journal& journal, std::string lab, std::string verb, const Peer& by, std::size_t changes);
    void done(std::span<const plan::StepReport> steps);
    // `errors`: empty where all is as it should be.
    void ended(const std::vector<std::string>& errors);

   private:
    void done(const plan::StepReport& step);

    Journal& journal_;
    std::string lab_;
    std::string verb_;
    base::Clock::time_point begun_ = base::Clock::now();
    std::int64_t done_ = 0;
  };

  // An operation that ended before its first change.
  void refused(const std::string& lab, const std::string& verb, const std::vector<std::string>& errors);
  void down(const std::string& lab, const Peer& by, const std::vector<std::string>& errors, base::Milliseconds took);
  void process(const std::string& lab, const keeper::Event& event);
  void keeperGone(const std::string& lab, const std::string& how);

  EventHub& events() { return events_; }
  const Tally& tally() const { return tally_; }

 private:
  EventHub events_;
  Tally tally_;
};

}  // namespace vpclab::daemon
