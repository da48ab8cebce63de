#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "kernel/system.h"

namespace vpclab::kernel {

// Whether the kernel tells of what changes in large labs, as far as they have tried. Where it does not, all of a lab is
// looked at each time: nothing is wrong then, only slow, and so somebody has to say it.
//
// Thread safe.
class Hearing {
 public:
  // `tell` gets what is news, for people: from any thread, by the calls that find it out.
  explicit Hearing(std::function<void(const std::string& lab, const std::string& what)> tell)
      : tell_(std::move(tell)) {}

  // It refuses to tell of that lab's changes. News, unless another lab has met with the same, or this one before.
  void refused(const std::string& lab, const base::Error& why);
  // It will tell of them from now on.
  void works(const std::string& lab);
  // More has changed than it could tell.
  void lostCount(const std::string& lab);
  // The lab has gone.
  void forget(const std::string& lab);

  // For `doctor`. `tried`: whether it would tell now.
  Feature feature(const base::Result<>& tried) const;

 private:
  std::function<void(const std::string&, const std::string&)> tell_;
  mutable std::mutex mutex_;
  std::map<std::string, base::Error> refused_;  // by lab; guarded by mutex_
  std::map<std::string, int> lost_;             // how many times, by lab; guarded by mutex_
};

}  // namespace vpclab::kernel
