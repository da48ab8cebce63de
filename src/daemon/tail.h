#pragma once

#include <string>
#include <string_view>

namespace vpclab::daemon {

// What is new in an output of which always the last part is seen: as keeper::OutputRing gives it, where old lines go
// when new ones come.
class Tail {
 public:
  // `seen`: all that is there now. Returns the whole lines of it that were not there the last time.
  std::string take(std::string_view seen);

 private:
  std::string last_;  // the end of what was given out
};

}  // namespace vpclab::daemon
