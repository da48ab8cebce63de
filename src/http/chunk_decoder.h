#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"

namespace vpclab::http {

// Decodes the chunked coding of RFC 9112 section 7.1 from bytes that arrive piece by piece. Chunk extensions are
// checked and dropped; trailer fields are kept. Strict: CRLF only, no whitespace around the size. Memory is bounded.
class ChunkDecoder {
 public:
  enum class Outcome {
    kMore,  // all input consumed; more is needed
    kData,  // `data` of the step holds body bytes; call again with what is behind `consumed`
    kDone,  // the body and its trailer section are complete
    kBad,   // problem() says why; 400
  };
  struct Step {
    Outcome outcome = Outcome::kMore;
    std::size_t consumed = 0;  // bytes of the input that are done with
    std::string_view data;     // a part of the input
  };

  // Takes a prefix of `input`.
  Step next(std::string_view input);

  // After kDone. Views into this object, so valid until reset() or its end.
  const Fields& trailers() const { return trailers_; }
  const Problem& problem() const { return problem_; }
  bool done() const { return state_ == State::kDone; }
  void reset();

 private:
  enum class State : std::uint8_t {
    kSizeFirst,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kLastLf,
    kDone,
    kBad
  };
  bool takeLineByte(char c);
  bool takeTrailerByte(char c);
  bool bad(const char* reason);

  State state_ = State::kSizeFirst;
  std::uint64_t left_ = 0;          // of the current chunk, in bytes
  unsigned digits_ = 0;             // of the current chunk's size
  bool quoted_ = false;             // inside a quoted string of an extension
  bool escaped_ = false;            // behind a backslash in there
  std::size_t extensionBytes_ = 0;  // of the whole body
  std::size_t trailerLine_ = 0;     // where the current line starts in trailerText_
  std::string trailerText_;
  Fields trailers_;
  Problem problem_;
};

}  // namespace vpclab::http
