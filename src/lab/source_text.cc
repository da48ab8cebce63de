#include "lab/source_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace vpclab::lab {
namespace {

bool isContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The length that a character's first byte announces (RFC 3629); 1 for a byte that cannot be first.
std::size_t announcedLength(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

bool isControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) {
    return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;  // U+0080 to U+009F
  }
  return character.size() == 1 && (first == 0x7F || (first < 0x20 && first != '\t' && first != '\n' && first != '\r'));
}

// U+2028 and U+2029.
bool isSeparator(std::string_view character) {
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

std::string hexOf(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    std::array<char, 6> hex{};
    (void)std::snprintf(hex.data(), hex.size(), "%s0x%02x", out.empty() ? "" : " ", static_cast<unsigned char>(c));
    out += hex.data();
  }
  return out;
}

}  // namespace

PlaceFinder::PlaceFinder(base::SharedString file, std::string_view text) : file_(std::move(file)), text_(text) {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || (text[i] == '\r' && text.substr(i + 1, 1) != "\n")) {
      starts_.push_back(i + 1);
    }
  }
}

std::string_view PlaceFinder::line(std::size_t number) const {
  if (number >= starts_.size()) {
    return {};
  }
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] : text_.size();
  const auto line = text_.substr(starts_[number], end - starts_[number]);
  return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

SourcePos PlaceFinder::at(std::size_t byte) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), std::min(byte, text_.size()));
  const auto number = static_cast<std::size_t>(next - starts_.begin()) - 1;
  const auto passed = text_.substr(starts_[number], byte - starts_[number]);
  return at(number, static_cast<std::size_t>(
                        std::count_if(passed.begin(), passed.end(), [](char c) { return !isContinuation(c); })));
}

SourcePos PlaceFinder::at(std::size_t line, std::size_t column) const {
  line = std::min(line, starts_.size() - 1);
  const std::string_view content = this->line(line);
  const auto length = std::count_if(content.begin(), content.end(), [](char c) { return !isContinuation(c); });
  return {file_, static_cast<int>(line) + 1, static_cast<int>(std::min(column, static_cast<std::size_t>(length))) + 1};
}

std::string PlaceFinder::character(const SourcePos& place) const {
  const std::string_view content = line(static_cast<std::size_t>(place.line) - 1);
  int column = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (!isContinuation(content[i]) && ++column == place.column) {
      return std::string(content.substr(i, announcedLength(content[i])));
    }
  }
  return "";
}

bool checkSourceText(const base::SharedString& file, std::string_view text, Report& report) {
  const auto refuse = [&](std::size_t byte, std::string message, std::string hint) {
    report.error(PlaceFinder(file, text).at(byte), std::move(message), std::move(hint));
    return false;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '%' && text.substr(i).starts_with("%TAG") &&
        (i == 0 || text[i - 1] == '\n' || text[i - 1] == '\r')) {
      return refuse(i, "YAML tags are not supported", "remove the line");
    }
    if (text[i] >= ' ' && text[i] <= '~') {
      ++i;
      continue;
    }
    const std::string_view character = text.substr(i, announcedLength(text[i]));
    if (!base::isValidUtf8(character)) {
      return refuse(i, "not UTF-8: byte " + hexOf(text.substr(i, 1)), "save the file as UTF-8");
    }
    if (isControl(character)) {
      return refuse(i, "a control character (" + hexOf(character) + ")", "remove it");
    }
    if (isSeparator(character)) {
      return refuse(i, "a line or paragraph separator (" + hexOf(character) + ")", "remove it, or begin a new line");
    }
    i += character.size();
  }
  return true;
}

}  // namespace vpclab::lab
