#include "cli/node_place.h"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sched.h>

#include "api/json_reader.h"
#include "base/unique_fd.h"
#include "cli/ask.h"

namespace vpclab::cli {

base::Result<NodePlace> askForPlace(const Context& context, const api::Request& request) {
  auto data = askQuietly(context, request);
  if (!data) {
    return base::fail(std::move(data.error()));
  }
  const auto json = api::parseJson(*data, "the daemon's answer");
  if (!json) {
    return base::fail(json.error());
  }
  NodePlace place;
  std::string kind;
  std::int64_t port = 0;
  api::JsonReader reader(*json, "the daemon's answer");
  reader.take("lab", place.lab)
      .take("node", place.node)
      .take("title", place.title)
      .take("kind", kind)
      .take("pin", place.pin);
  if (reader.optionalMember("address") != nullptr) {
    reader.take("address", place.address).take("port", port, 1, 65535);
    place.port = static_cast<std::uint16_t>(port);
  }
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  return place;
}

base::Result<> enterNetns(const NodePlace& place) {
  const base::UniqueFd netns(::open(place.pin.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) {
    return base::failErrno("open the namespace of " + place.node + ", " + place.pin);
  }
  if (::setns(netns.get(), CLONE_NEWNET) != 0) {
    return base::failErrno("enter the namespace of " + place.node + " (needs root)");
  }
  return {};
}

}  // namespace vpclab::cli
