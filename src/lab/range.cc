#include "lab/range.h"

#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

std::optional<std::int64_t> parseEnd(std::string_view text, Type type) {
  const auto widened = [](auto value) {
    return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
  };
  return type == Type::kDelayRange  ? widened(parseDelay(text))
         : type == Type::kLossRange ? widened(parseLoss(text))
                                    : widened(parseBandwidth(text));
}

}  // namespace

std::optional<Range> parseRange(std::string_view text, const Field& field) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto value = parseEnd(text, field.type);
    return value ? std::optional(Range{*value, *value, std::string(text)}) : std::nullopt;
  }
  const auto low = text.substr(0, dots);
  const auto high = text.substr(dots + 2);
  const auto min = low.empty() ? std::optional(field.min) : parseEnd(low, field.type);
  const auto max = high.empty() ? std::optional(field.max) : parseEnd(high, field.type);
  if (!min || !max || *min > *max || (low.empty() && high.empty())) {
    return std::nullopt;
  }
  return Range{*min, *max, std::string(text), high.empty()};
}

std::string rangeEndText(std::int64_t value, Type type) {
  return type == Type::kDelayRange  ? delayText(value)
         : type == Type::kLossRange ? lossText(value)
                                    : bandwidthText(value);
}

std::string_view rangeExample(Type type) {
  return type == Type::kDelayRange  ? "40ms..60ms, ..60ms or 40ms.."
         : type == Type::kLossRange ? "5%..15%, ..1% or 0%"
                                    : "8mbit..10mbit, ..10mbit or 8mbit..";
}

}  // namespace vpclab::lab
