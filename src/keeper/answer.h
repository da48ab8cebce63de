#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "keeper/frame_stream.h"

namespace vpclab::keeper {

// What a request is answered with.
struct Answer {
  nlohmann::json body = {{"ok", true}};
  std::string payload;  // raw bytes behind the JSON
  std::vector<SharedFd> fds;
};

using Reply = std::function<void(base::Result<Answer>)>;

}  // namespace vpclab::keeper
