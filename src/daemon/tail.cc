#include "daemon/tail.h"

#include <algorithm>

namespace vpclab::daemon {

std::string Tail::take(std::string_view seen, std::uint64_t end) {
  const std::uint64_t begin = end - std::min<std::uint64_t>(end, seen.size());
  if (end < given_) {
    given_ = begin;  // another process has taken the place of the one that said the rest
  }
  const auto line = seen.rfind('\n');
  const std::string_view whole = line == std::string_view::npos ? std::string_view{} : seen.substr(0, line + 1);
  if (begin + whole.size() <= given_) {
    return "";
  }
  const std::uint64_t known = given_ - std::min(given_, begin);
  given_ = begin + whole.size();
  return std::string(whole.substr(known));
}

}  // namespace vpclab::daemon
