#include "http/chunk_decoder.h"

#include <algorithm>

#include "http/chars.h"

namespace vpclab::http {

namespace {

constexpr unsigned kMaxSizeDigits = 15;                // 2^60 bytes; leading zeros count
constexpr std::size_t kMaxExtensionBytes = 16 * 1024;  // of a whole body: extensions are a way to send much for nothing
constexpr std::size_t kMaxTrailerBytes = 8 * 1024;
constexpr std::size_t kMaxTrailers = 64;

int hexValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

void ChunkDecoder::reset() {
  state_ = State::kSizeFirst;
  left_ = 0;
  digits_ = 0;
  quoted_ = escaped_ = false;
  extensionBytes_ = trailerLine_ = 0;
  trailerText_.clear();
  trailers_.clear();
  problem_ = {};
}

bool ChunkDecoder::bad(const char* reason) {
  state_ = State::kBad;
  problem_ = {400, reason};
  return false;
}

// The chunk-size line and the line ends around the data.
bool ChunkDecoder::takeLineByte(char c) {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize: {
      if (const int value = hexValue(c); value >= 0) {
        if (++digits_ > kMaxSizeDigits) {
          return bad("chunk size too large");
        }
        left_ = left_ * 16 + static_cast<unsigned>(value);
        state_ = State::kSize;
        return true;
      }
      if (state_ == State::kSizeFirst) {
        return bad("malformed chunk size");
      }
      if (c == ';') {
        state_ = State::kExtension;
        quoted_ = escaped_ = false;
        return true;
      }
      if (c != '\r') {
        return bad("malformed chunk size");
      }
      state_ = State::kSizeLf;
      return true;
    }
    case State::kExtension:
      if (c == '\r' && !quoted_) {
        state_ = State::kSizeLf;
        return true;
      }
      if (!isClass(c, kFieldValue) || ++extensionBytes_ > kMaxExtensionBytes) {
        return bad("malformed or too many chunk extensions");
      }
      if (escaped_) {
        escaped_ = false;
      } else if (quoted_ && c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        quoted_ = !quoted_;
      }
      return true;
    case State::kSizeLf:
      if (c != '\n') {
        return bad("carriage return without line feed in a chunk header");
      }
      state_ = left_ > 0 ? State::kData : State::kTrailerStart;
      return true;
    case State::kDataCr:
      if (c != '\r') {
        return bad("chunk longer than its size");
      }
      state_ = State::kDataLf;
      return true;
    case State::kDataLf:
      if (c != '\n') {
        return bad("chunk longer than its size");
      }
      state_ = State::kSizeFirst;
      digits_ = 0;
      return true;
    default:
      return takeTrailerByte(c);
  }
}

// RFC 9112 section 7.1.2.
bool ChunkDecoder::takeTrailerByte(char c) {
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kLastLf;
        return true;
      }
      state_ = State::kTrailer;
      [[fallthrough]];
    case State::kTrailer:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return true;
      }
      if (c == '\n' || trailerText_.size() >= kMaxTrailerBytes) {
        return bad("malformed or too large trailer section");
      }
      trailerText_ += c;
      return true;
    case State::kTrailerLf: {
      const auto line = std::string_view(trailerText_).substr(trailerLine_);
      if (c != '\n' || !parseFieldLine(line) || trailers_.size() >= kMaxTrailers) {
        return bad("malformed trailer field, or too many");
      }
      // The text may still move as it grows: only lengths are right until the end, where the views are made again.
      trailers_.push_back({{}, line});
      trailerLine_ = trailerText_.size();
      state_ = State::kTrailerStart;
      return true;
    }
    case State::kLastLf: {
      if (c != '\n') {
        return bad("malformed end of a chunked body");
      }
      std::string_view rest = trailerText_;
      for (auto& trailer : trailers_) {
        const auto size = trailer.value.size();
        trailer = *parseFieldLine(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      state_ = State::kDone;
      return true;
    }
    default:
      return bad("behind the end of a chunked body");
  }
}

ChunkDecoder::Step ChunkDecoder::next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone && state_ != State::kBad) {
    if (state_ == State::kData) {
      step.data = input.substr(step.consumed, std::min<std::uint64_t>(left_, input.size() - step.consumed));
      step.consumed += step.data.size();
      left_ -= step.data.size();
      state_ = left_ == 0 ? State::kDataCr : State::kData;
      step.outcome = Outcome::kData;
      return step;
    }
    if (!takeLineByte(input[step.consumed])) {
      break;
    }
    ++step.consumed;
  }
  if (state_ == State::kDone) {
    step.outcome = Outcome::kDone;
  } else if (state_ == State::kBad) {
    step.outcome = Outcome::kBad;
  }
  return step;
}

}  // namespace vpclab::http
