#include "lab/scalars.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "net/ip.h"

namespace vpclab::lab {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array kBandwidthUnits{Unit{"tbit", 1'000'000'000'000}, Unit{"gbit", 1'000'000'000},
                                     Unit{"mbit", 1'000'000}, Unit{"kbit", 1'000}, Unit{"bit", 1}};
constexpr std::array kDurationUnits{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array kDelayUnits{Unit{"s", 1'000'000}, Unit{"ms", 1'000}, Unit{"us", 1}};
constexpr std::array kLossUnits{Unit{"%", 10'000}};
constexpr std::array kSizeUnits{Unit{"mb", 1024 * 1024}, Unit{"kb", 1024}, Unit{"b", 1}};
constexpr std::int64_t kMaxNumber = 1'000'000'000'000'000;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// A decimal number with a unit, the whole of the text; the result must be a whole number of the smallest unit.
std::optional<std::int64_t> parseQuantity(std::string_view text, std::span<const Unit> units) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return !isDigit(c) && c != '.'; });
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits.size()); });
  const auto point = digits.find('.');
  const auto fraction = point == std::string_view::npos ? std::string_view() : digits.substr(point + 1);
  const auto whole = base::parseInteger(digits.substr(0, point), 0, kMaxNumber);
  if (unit == units.end() || !whole || digits.empty() || digits.front() == '.' || *whole > kMaxNumber / unit->size) {
    return std::nullopt;
  }
  std::int64_t total = *whole * unit->size;
  if (point != std::string_view::npos) {
    const auto part = base::parseInteger(fraction, 0, 999);
    if (!part || !isDigit(fraction.front()) || fraction.size() > 3) {
      return std::nullopt;
    }
    std::int64_t scale = 1;
    for (std::size_t i = 0; i < fraction.size(); ++i) {
      scale *= 10;
    }
    if (*part * unit->size % scale != 0) {
      return std::nullopt;
    }
    total += *part * unit->size / scale;
  }
  return total;
}

std::optional<std::uint32_t> narrow(std::optional<std::int64_t> value) {
  return value && *value <= 0xFFFFFFFF ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::string quantityText(std::int64_t value, std::span<const Unit> units) {
  for (const auto& unit : units) {
    if (value >= unit.size && value % unit.size == 0) {
      return std::to_string(value / unit.size) + std::string(unit.name);
    }
  }
  return std::to_string(value) + std::string(units.back().name);
}

}  // namespace

bool isSlug(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || isDigit(c); };
  return !text.empty() && plain(text.front()) && plain(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

std::string slugOf(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxId)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || isDigit(lower)) {
      out += lower;
    } else if (!out.empty() && out.back() != '-' && static_cast<unsigned char>(c) < 0x80) {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') {
    out.pop_back();
  }
  return out;
}

std::optional<std::uint64_t> parseBandwidth(std::string_view text) {
  const auto value = parseQuantity(text, kBandwidthUnits);
  return value ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
  const auto value = parseQuantity(text, kDurationUnits);
  return value ? std::optional<std::chrono::milliseconds>(*value) : std::nullopt;
}

std::optional<std::uint32_t> parseDelay(std::string_view text) {
  return narrow(parseQuantity(text, kDelayUnits));
}

std::optional<std::uint32_t> parseLoss(std::string_view text) {
  return narrow(parseQuantity(text, kLossUnits));
}

std::optional<std::uint32_t> parseSize(std::string_view text) {
  return narrow(parseQuantity(text, kSizeUnits));
}

std::optional<bool> parseBool(std::string_view text) {
  if (text == "true" || text == "false") {
    return text == "true";
  }
  return std::nullopt;
}

std::string bandwidthText(std::int64_t bitsPerSecond) {
  return quantityText(bitsPerSecond, kBandwidthUnits);
}

std::string durationText(std::int64_t milliseconds) {
  return quantityText(milliseconds, kDurationUnits);
}

std::string sizeText(std::int64_t bytes) {
  return quantityText(bytes, kSizeUnits);
}

std::string delayText(std::int64_t microseconds) {
  return quantityText(microseconds, kDelayUnits);
}

std::string lossText(std::int64_t perMillion) {
  std::string fraction = std::to_string(10'000 + perMillion % 10'000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(perMillion / 10'000) + (fraction.empty() ? "" : "." + fraction) + "%";
}

bool looksLikeIpv6(std::string_view text) {
  const auto address = net::IpAddr::parse(text.substr(0, text.find('/')));
  return address && !address->isV4();
}

}  // namespace vpclab::lab
