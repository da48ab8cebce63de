#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vpclab::lab {

inline constexpr std::size_t kMaxLabName = 32;  // bytes: the name is part of every namespace's name
inline constexpr std::size_t kMaxId = 40;       // bytes
inline constexpr std::size_t kMaxLine = 800;    // bytes of a title or name

// [a-z0-9-], beginning and ending with a letter or digit.
bool isSlug(std::string_view text);
// What the text would be as a slug; empty if nothing of it is left.
std::string slugOf(std::string_view text);

// "500kbit", "10mbit", "1.5gbit", "2tbit"; decimal prefixes, bits per second.
std::optional<std::uint64_t> parseBandwidth(std::string_view text);
// "200ms", "10s", "1.5s", "2m", "1h"
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);
// "20ms", "1.5ms", "500us", "2s": microseconds
std::optional<std::uint32_t> parseDelay(std::string_view text);
// "1%", "0.05%": in a million
std::optional<std::uint32_t> parseLoss(std::string_view text);
// "15kb", "512b", "1mb": bytes, kb is 1024
std::optional<std::uint32_t> parseSize(std::string_view text);
std::optional<bool> parseBool(std::string_view text);  // "true", "false"

// For messages: 10mbit, 2s, 15kb.
std::string bandwidthText(std::int64_t bitsPerSecond);
std::string durationText(std::int64_t milliseconds);
std::string sizeText(std::int64_t bytes);
std::string delayText(std::int64_t microseconds);
std::string lossText(std::int64_t perMillion);

bool looksLikeIpv6(std::string_view text);

}  // namespace vpclab::lab
