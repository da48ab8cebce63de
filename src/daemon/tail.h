#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vpclab::daemon {

// What is new in an output of which always the last part is seen: as keeper::OutputRing gives it, where old lines go
// when new ones come.
class Tail {
 public:
  // `seen`: all that is there now; `end`: how many bytes there have been in all, of which these are the last. Returns
  // the whole lines of it that were not there the last time.
  std::string take(std::string_view seen, std::uint64_t end);

 private:
  std::uint64_t given_ = 0;  // bytes from the beginning of the output, given out or gone before
};

}  // namespace vpclab::daemon
