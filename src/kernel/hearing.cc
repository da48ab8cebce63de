#include "kernel/hearing.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.h"

namespace vpclab::kernel {

namespace {

std::string remedyOf(const base::Error& why) {
  const std::string cost = "an apply of a large lab begins with a look at all of it, and --heal hears of nothing";
  if (why.kind() == base::ErrorKind::kPermission) {
    return "give the daemon CAP_NET_BROADCAST (in a container: --cap-add NET_BROADCAST); without it " + cost;
  }
  if (why.errnoValue() == ENOPROTOOPT) {
    return "boot a kernel of Linux 4.2 or newer; with this one " + cost;
  }
  return "mend that; until then " + cost;
}

std::string times(int count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

}  // namespace

void Hearing::refused(const std::string& lab, const base::Error& why) {
  {
    const std::lock_guard lock(mutex_);
    const bool known = std::any_of(refused_.begin(), refused_.end(),
                                   [&](const auto& entry) { return entry.second.message() == why.message(); });
    refused_.insert_or_assign(lab, why);
    if (known) {
      return;
    }
  }
  tell_(lab,
        "the kernel does not tell of changes, so that all of the lab is looked at by each apply: " + why.message());
}

void Hearing::works(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  refused_.erase(lab);
}

void Hearing::lostCount(const std::string& lab) {
  {
    const std::lock_guard lock(mutex_);
    ++lost_[lab];
  }
  tell_(lab, "more was changed than the kernel could tell, so that all of the lab is looked at");
}

void Hearing::forget(const std::string& lab) {
  const std::lock_guard lock(mutex_);
  refused_.erase(lab);
  lost_.erase(lab);
}

Feature Hearing::feature(const base::Result<>& tried) const {
  Feature out{"notifications", "netlink", true, "", ""};
  if (!tried) {
    out.chosen = "looking at all";
    out.why = tried.error().message();
    out.remedy = remedyOf(tried.error());
    return out;
  }
  std::vector<std::string> why;
  std::vector<std::string> remedies;
  const std::lock_guard lock(mutex_);
  for (const auto& [lab, error] : refused_) {
    why.push_back("all of lab " + lab + " was looked at: " + error.message());
  }
  if (!refused_.empty()) {
    remedies.emplace_back("apply again, which tries again");
  }
  for (const auto& [lab, count] : lost_) {
    why.push_back("all of lab " + lab + " was looked at " + times(count) +
                  ", for more was changed than the kernel could tell");
  }
  if (!lost_.empty()) {
    remedies.emplace_back("see who changes so much: vpclab exec NODE -- ip monitor");
  }
  out.why = base::join(why, "; ");
  out.remedy = base::join(remedies, "; ");
  return out;
}

}  // namespace vpclab::kernel
