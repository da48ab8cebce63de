#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lab/lab.h"
#include "lab/schema.h"

namespace vpclab::lab {

// What a measured value must lie in: "40ms..60ms", "40ms.." (at least), "..60ms" (at most), "0%" (exactly). Of a field
// of type kDelayRange (microseconds), kLossRange (millionths) or kBandwidthRange (bit/s). An open end is the field's
// own. nullopt: no range, or one without a value in it.
std::optional<Range> parseRange(std::string_view text, const Field& field);

// An end of such a range, for messages.
std::string rangeEndText(std::int64_t value, Type type);
// What such a range looks like, for messages.
std::string_view rangeExample(Type type);

}  // namespace vpclab::lab
