#include <algorithm>

#include "base/text.h"
#include "lab/colon_hint.h"
#include "lab/object.h"
#include "lab/range.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

// A value that must be a scalar and what it must look like; empty hint: it is right.
struct Verdict {
  std::string wrong;
  std::string hint;
};

Verdict outside(const std::string& text, const std::string& min, const std::string& max) {
  return {text + " is out of range", "from " + min + " to " + max};
}

Verdict judgeQuantity(const Field& field, const std::string& text) {
  const auto judge = [&](std::optional<std::int64_t> value, auto print, const char* wanted) -> Verdict {
    if (!value) {
      return {quote(text) + " is not " + wanted, "from " + print(field.min) + " to " + print(field.max)};
    }
    return *value < field.min || *value > field.max ? outside(text, print(field.min), print(field.max)) : Verdict{};
  };
  switch (field.type) {
    case Type::kBandwidth: {
      const auto value = parseBandwidth(text);
      return judge(value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt, bandwidthText,
                   "a bandwidth, as in 10mbit");
    }
    case Type::kDuration: {
      const auto value = parseDuration(text);
      return judge(value ? std::optional<std::int64_t>(value->count()) : std::nullopt, durationText,
                   "a duration, as in 10s or 200ms");
    }
    case Type::kSize: {
      const auto value = parseSize(text);
      return judge(value ? std::optional<std::int64_t>(*value) : std::nullopt, sizeText, "a size, as in 15kb");
    }
    case Type::kDelay: {
      const auto value = parseDelay(text);
      return judge(value ? std::optional<std::int64_t>(*value) : std::nullopt, delayText,
                   "a delay, as in 20ms or 500us");
    }
    case Type::kLoss: {
      const auto value = parseLoss(text);
      return judge(value ? std::optional<std::int64_t>(*value) : std::nullopt, lossText, "a loss, as in 1% or 0.05%");
    }
    default:
      return judge(
          base::parseInteger(text, INT64_MIN, INT64_MAX), [](std::int64_t number) { return std::to_string(number); },
          "a whole number");
  }
}

Verdict judgeRange(const Field& field, const std::string& text) {
  const auto range = parseRange(text, field);
  if (!range) {
    return {quote(text) + " is not a range", "as in " + std::string(rangeExample(field.type))};
  }
  return range->min < field.min || range->max > field.max
             ? outside(text, rangeEndText(field.min, field.type), rangeEndText(field.max, field.type))
             : Verdict{};
}

Verdict judgeAddress(const std::string& text) {
  if (looksLikeIpv6(text)) {
    return {"IPv6 is not supported yet: " + quote(text), "write an IPv4 address"};
  }
  if (text.find('/') != std::string::npos && net::Prefix::parse(text)) {
    return {quote(text) + " is a network, not an address", "without the /"};
  }
  return net::IpAddr::parse(text)
             ? Verdict{}
             : Verdict{quote(text) + " is not an IPv4 address", "four numbers from 0 to 255, as in 172.16.1.2"};
}

Verdict judgeNetwork(const std::string& text) {
  if (looksLikeIpv6(text)) {
    return {"IPv6 is not supported yet: " + quote(text), "write an IPv4 network"};
  }
  const auto network = net::Prefix::parse(text);
  if (!network) {
    const bool address = net::IpAddr::parse(text).has_value();
    return {quote(text) + " is not a network", address ? "add the prefix length, as in " + text + "/24"
                                                       : "an address and a prefix length, as in 172.16.1.0/24"};
  }
  if (!network->isNetwork()) {
    return {quote(text) + " is not a network: it has host bits", "its network is " + network->network().toString()};
  }
  return {};
}

Verdict judgeLine(const std::string& text) {
  if (text.empty()) {
    return {"the text is empty", ""};
  }
  if (text.find_first_of("\n\r\t") != std::string::npos) {
    return {quote(text) + " is more than one line", "no line breaks or tabs here"};
  }
  if (text.size() > kMaxLine) {
    return {quote(text) + " is too long", "at most " + std::to_string(kMaxLine) + " bytes"};
  }
  return {};
}

Verdict judgeScalar(const Field& field, const std::string& text, Report& report) {
  switch (field.type) {
    case Type::kText:
      return {};
    case Type::kAddress:
      return judgeAddress(text);
    case Type::kNetwork:
      return judgeNetwork(text);
    case Type::kInteger:
    case Type::kBandwidth:
    case Type::kDuration:
    case Type::kSize:
    case Type::kDelay:
    case Type::kLoss:
      return judgeQuantity(field, text);
    case Type::kDelayRange:
    case Type::kLossRange:
    case Type::kBandwidthRange:
      return judgeRange(field, text);
    case Type::kBool:
      return parseBool(text) ? Verdict{} : Verdict{quote(text) + " is not a yes or no", "`true` or `false`"};
    case Type::kTarget:
      return looksLikeIpv6(text) ? judgeAddress(text) : judgeLine(text);
    case Type::kChoice: {
      if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) {
        return {};
      }
      const auto hint = report.suggest(text, field.choices);
      return {quote(text) + " is not known here", hint.empty() ? listed(field.choices) : hint};
    }
    default:
      return judgeLine(text);
  }
}

}  // namespace

bool checkType(const Value& value, const Field& field, const std::string& name, Report& report) {
  const bool wantsList = field.type == Type::kList;
  const bool wantsMap = field.type == Type::kMap;
  const bool either = field.type == Type::kScalarOrMap || field.type == Type::kReferenceOrMap;
  if (value.isNull()) {
    report.error(value.pos, name + " has no value",
                 "give it one, or leave it out; `~` removes what an extended file has");
    return false;
  }
  const bool right = wantsList  ? value.isList()
                     : wantsMap ? value.isMap()
                                : value.isScalar() || (either && value.isMap());
  if (!right) {
    const std::string wanted = wantsList  ? "a list, as in [a, b]"
                               : wantsMap ? "a map, as in {key: value}"
                               : either   ? "one value or a map"
                                          : "one value";
    const std::string colon = wantsMap ? colonHint(value.text) : "";
    report.error(value.pos, name + " is " + std::string(nameOf(value.kind)),
                 colon.empty() ? "it must be " + wanted : colon);
    return false;
  }
  if (wantsList || wantsMap || value.isMap()) {
    return true;
  }
  const Verdict verdict = judgeScalar(field, value.text, report);
  if (!verdict.wrong.empty()) {
    report.error(value.pos, name + ": " + verdict.wrong, verdict.hint);
    return false;
  }
  return true;
}

}  // namespace vpclab::lab
