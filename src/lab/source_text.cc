#include "lab/source_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "lab/load.h"

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

PlaceFinder::PlaceFinder(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      starts_.push_back(i + 1);
    }
  }
}

std::string_view PlaceFinder::line(std::size_t number) const {
  if (number >= starts_.size()) {
    return {};
  }
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] - 1 : text_.size();
  return text_.substr(starts_[number], end - starts_[number]);
}

SourcePos PlaceFinder::at(std::size_t line, std::size_t byte) {
  line = std::min(line, starts_.size() - 1);
  const std::string_view content = this->line(line);
  byte = std::min(byte, content.size());
  if (line != lastLine_ || byte < lastByte_) {
    lastLine_ = line;
    lastByte_ = 0;
    lastColumn_ = 1;
  }
  const auto passed = content.substr(lastByte_, byte - lastByte_);
  lastColumn_ +=
      static_cast<int>(std::count_if(passed.begin(), passed.end(), [](char c) { return !isContinuation(c); }));
  lastByte_ = byte;
  return {file_, static_cast<int>(line) + 1, lastColumn_};
}

bool checkSourceText(std::string_view text, PlaceFinder& places, Report& report) {
  std::size_t line = 0;
  std::size_t start = 0;
  std::size_t flow = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view character = text.substr(i, announcedLength(text[i]));
    if (!base::isValidUtf8(character)) {
      report.error(places.at(line, i - start), "not UTF-8: byte " + hexOf(text.substr(i, 1)), "save the file as UTF-8");
      return false;
    }
    if (isControl(character)) {
      report.error(places.at(line, i - start), "a control character (" + hexOf(character) + ")", "remove it");
      return false;
    }
    if (std::string_view("[]{},").find(character) != std::string_view::npos && ++flow > kMaxNodes) {
      report.error(places.at(line, i - start), "too many lists and maps",
                   "at most " + std::to_string(kMaxNodes) + " brackets and commas are read");
      return false;
    }
    i += character.size();
    if (character == "\n") {
      ++line;
      start = i;
    }
  }
  return true;
}

}  // namespace vpclab::lab
