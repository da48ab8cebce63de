#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/require.h"
#include "keeper/wire.h"
#include "state/process_json.h"

using namespace vpclab;
using fuzz::require;
using nlohmann::json;

namespace {

// What decodes comes back as it was after another way through text.
void look(const json& message) {
  if (const auto process = state::processFromJson(message)) {
    const auto again = state::processFromJson(*keeper::parse(keeper::dump(state::processToJson(*process))));
    require(again && *again == *process);
  }
  if (const auto tunnel = keeper::tunnelFromJson(message)) {
    const auto again = keeper::tunnelFromJson(*keeper::parse(keeper::dump(keeper::tunnelToJson(*tunnel))));
    require(again && again->name == tunnel->name && again->netns == tunnel->netns && again->mtu == tunnel->mtu);
  }
  if (const auto listing = keeper::listingFromJson(message)) {
    const std::string text = keeper::dump(keeper::listingToJson(*listing));
    const auto again = keeper::listingFromJson(*keeper::parse(text));
    require(again && keeper::dump(keeper::listingToJson(*again)) == text);
  }
  if (const auto event = keeper::eventFromJson(message)) {
    const std::string text = keeper::dump(keeper::eventToJson(*event));
    const auto again = keeper::eventFromJson(*keeper::parse(text));
    require(again && keeper::dump(keeper::eventToJson(*again)) == text);
  }
  const base::Error error = keeper::errorFromJson(message);
  require(base::isValidUtf8(keeper::dump(keeper::errorToJson(error))));
  (void)keeper::integerMember(message, "timeout_ms", 0, 1000);
  (void)keeper::stringMember(message, "op");
}

}  // namespace

// Any bytes are a message or an error; nothing throws.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = keeper::parse({reinterpret_cast<const char*>(data), size});
  if (message) {
    look(*message);
  }
  return 0;
}
