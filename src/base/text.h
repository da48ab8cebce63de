#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vpclab::base {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// A whole decimal number, nothing else around it, within [min, max].
std::optional<std::int64_t> parseInteger(std::string_view text, std::int64_t min, std::int64_t max);

// The candidate with the smallest edit distance, if it is near enough to be what was meant (at most a third of the
// word's length, at least 1); empty otherwise. For "unknown key ...; did you mean ...?".
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

bool isValidUtf8(std::string_view text);
// Columns of a terminal that the text takes: 2 for East Asian wide characters, 0 for combining marks.
int displayWidth(std::string_view utf8);
// Only what is printable in ASCII, from space to tilde: most texts are that as a whole, and to know it is cheap.
bool isPlainAscii(std::string_view text);
// Text from outside, made safe to print: control characters (terminal escapes) become \xNN.
std::string printable(std::string_view text);

// 64-bit FNV-1a: stable across runs and machines, for names and MAC addresses; not for security.
std::uint64_t stableHash(std::string_view text);

}  // namespace vpclab::base
