#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "http/chunk_decoder.h"

using namespace vpclab;
using Outcome = http::ChunkDecoder::Outcome;

namespace {

struct Decoded {
  Outcome outcome = Outcome::kMore;
  std::size_t consumed = 0;
  std::string data;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  http::ChunkDecoder decoder;
  Decoded out;
  while (out.outcome == Outcome::kMore && out.consumed < bytes.size()) {
    const auto step = decoder.next(bytes.substr(out.consumed, piece));
    fuzz::require(step.consumed != 0 || step.outcome != Outcome::kMore);  // progress
    out.consumed += step.consumed;
    out.data += step.data;
    out.outcome = step.outcome == Outcome::kData ? Outcome::kMore : step.outcome;
  }
  return out;
}

}  // namespace

// The result does not depend on how the bytes are cut, and the data is never more than the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(bytes, bytes.size() + 1);
  fuzz::require(whole == decode(bytes, 1) && whole == decode(bytes, 7) && whole.data.size() <= size);
  return 0;
}
