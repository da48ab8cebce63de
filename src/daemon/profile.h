#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "kernel/system.h"

namespace vpclab::daemon {

// Where the time of one operation goes, in the order in which its phases ended; some go on at the same time.
class Profile {
 public:
  struct Phase {
    std::string name;         // "compile", "observe", "create veth"
    std::size_t objects = 0;  // that it handled; 0 where there is no such number
    base::Clock::duration time{};
  };

  // Measures from its construction to its end.
  class Scope {
   public:
    Scope(Profile& profile, std::string name, std::size_t objects = 0);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    void setObjects(std::size_t objects) { phase_.objects = objects; }

   private:
    Profile& profile_;
    Phase phase_;
    base::Clock::time_point start_ = base::Clock::now();
  };

  nlohmann::json toJson() const;  // [{"phase", "objects", "ms"}]
  // [{"kind", "read_ms", "changes", "change_ms"}], of the kinds that took any time.
  nlohmann::json kindsToJson() const;

  kernel::KindTimes& readTimes() { return read_; }
  kernel::KindTimes& changeTimes() { return changed_; }

 private:
  std::mutex mutex_;  // of the phases while they are noted
  std::vector<Phase> phases_;
  kernel::KindTimes read_;
  kernel::KindTimes changed_;
};

// A KernelPort that passes every call on to the system and notes how long it took. A batch is named after its kinds of
// objects.
class TimedKernel : public plan::KernelPort {
 public:
  TimedKernel(kernel::System& kernel, Profile& profile, kernel::Memory memory)
      : kernel_(kernel), profile_(profile), memory_(memory) {}

  base::Result<state::State> observe(const std::string& lab) override { return observe(lab, {}); }
  base::Result<state::State> observe(const std::string& lab, const kernel::Wanted& wanted);
  base::Result<state::State> observeAgain(const std::string& lab, state::State before,
                                          const plan::Touched& touched) override;
  void prepare(const std::string& lab, const plan::Plan& plan) override { kernel_.prepare(lab, plan); }
  std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                      base::Deadline deadline) override;
  void forgetNeighbours(const std::string& lab, std::span<const state::Neighbours> tables,
                        base::Deadline deadline) override {
    kernel_.forgetNeighbours(lab, tables, deadline);
  }
  std::vector<base::Error> destroy(const std::string& lab, base::Deadline deadline) override;
  base::Result<std::vector<std::string>> labs() override;

 private:
  kernel::System& kernel_;
  Profile& profile_;
  kernel::Memory memory_;  // of each observation
};

}  // namespace vpclab::daemon
