#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "api/event.h"
#include "api/json_reader.h"
#include "api/request.h"
#include "base/text.h"
#include "fuzz/require.h"

using namespace vpclab;
using fuzz::require;

namespace {

// A request decodes to what encodes to itself; what is wrong with one can be told.
void lookAtRequest(const std::string& target, const std::string& body) {
  const auto request = api::decodeRequest(target, body);
  if (!request) {
    (void)request.error().message();
    return;
  }
  require(api::targetOf(*request) == target);
  const auto again = api::decodeRequest(target, api::encodeRequest(*request));
  require(again && *again == *request);
}

// Events come from the daemon, which is trusted no more than a client.
void lookAtEvent(const std::string& line) {
  if (const auto event = api::decodeEvent(line)) {
    const std::string text = api::encodeEvent(*event);
    require(text.find('\n') == std::string::npos);
    const auto again = api::decodeEvent(text);
    require(again && api::encodeEvent(*again) == text);
  }
}

void lookAtJson(const std::string& text) {
  if (const auto value = api::parseJson(text, "fuzz")) {
    const std::string once = api::dumpJson(*value);
    const auto again = api::parseJson(once, "fuzz");
    require(base::isValidUtf8(once) && again && api::dumpJson(*again) == once);
  }
}

}  // namespace

// The first line is the request's target, what follows is its body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string::npos) {
    lookAtEvent(input);
    lookAtJson(input);
    return 0;
  }
  const std::string body = input.substr(line + 1);
  lookAtRequest(input.substr(0, line), body);
  lookAtEvent(body);
  return 0;
}
