#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kernel/hearing.h"
#include "kernel/observe.h"

namespace vpclab::kernel {

// What was seen of large labs, for as long as the kernel tells of every change since: to change one server among
// thousands must not begin with a look at all of them. Holds nothing of a lab that it does not listen to.
//
// Some things the kernel tells nobody of, parameters under /proc/sys above all. So what was seen is believed for a
// minute, counted from the last look at everything. What it cannot hear of, Hearing is told.
//
// Thread safe; calls for one lab must not overlap, but for share().
class LabMemory {
 public:
  LabMemory(std::string netnsDir, Hearing& hearing);
  ~LabMemory();
  LabMemory(const LabMemory&) = delete;
  LabMemory& operator=(const LabMemory&) = delete;

  // What has to be done before it can listen to a lab, for whom there is time now: the next call of recall(), listen()
  // or heard() needs less. Does not listen yet.
  void makeReady(const std::string& lab);

  // What was seen last, and what may be otherwise since; nothing: all is to be looked at now.
  // What it returns is not remembered any more, until remember(). Listens from now on.
  std::optional<Again> recall(const std::string& lab, base::Clock::time_point now);
  // Listens from now on; what was seen before is forgotten: all is looked at now.
  void listen(const std::string& lab, base::Clock::time_point now);

  // Of what the kernel has told since the last call of recall(), listen() or this one, seen from `before`; nothing: of
  // too much, and all is to be looked at now. None where it does not listen. What was seen before is forgotten. Whether
  // a pin stands for another namespace now, or there is a new one, the next recall() finds.
  std::optional<plan::Touched> heard(const std::string& lab, const state::State& before, base::Clock::time_point now);

  // What has been seen since the last call of the three above. Dropped where it does not listen.
  void remember(const std::string& lab, state::State seen);
  void forget(const std::string& lab);
  // What is remembered now, however old; null: nothing. Only for whom no other call for the lab overlaps until it has
  // let go of it.
  std::shared_ptr<const state::State> seen(const std::string& lab);
  // Lets `with` own what is equal together with what is remembered now. Calls for one lab may overlap with this one.
  void share(const std::string& lab, state::State& with);

 private:
  struct Entry;
  struct Heard;
  std::shared_ptr<Entry> find(const std::string& lab);  // null: it does not listen to it
  std::shared_ptr<Entry> findOrAdd(const std::string& lab);
  enum class Pins { kCompared, kBelieved };  // there are thousands
  std::optional<Heard> hear(const std::string& lab, Entry& entry, Pins pins);
  void looksAtAll(const std::string& lab, base::Clock::time_point now);

  std::string netnsDir_;
  Hearing& hearing_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> labs_;  // guarded by mutex_
};

}  // namespace vpclab::kernel
