#include "daemon/tail.h"

#include <algorithm>

namespace vpclab::daemon {

namespace {

constexpr std::size_t kRemembered = 4096;  // long enough to be there only once: log lines carry their time

}  // namespace

std::string Tail::take(std::string_view seen) {
  const auto end = seen.rfind('\n');
  seen = end == std::string_view::npos ? std::string_view{} : seen.substr(0, end + 1);
  const auto known = last_.empty() ? std::string_view::npos : seen.rfind(last_);
  // Where even that has gone already, all of it is new.
  std::string fresh(known == std::string_view::npos ? seen : seen.substr(known + last_.size()));
  if (!fresh.empty()) {
    last_ = seen.substr(seen.size() - std::min(seen.size(), kRemembered));
  }
  return fresh;
}

}  // namespace vpclab::daemon
