#pragma once

#include <string>

#include "http/chunk_decoder.h"
#include "lb/buffer.h"

namespace vpclab::lb {

// Moves a chunked body from one buffer to another: decoded, checked, and written anew, so that the next hop reads
// exactly what we have read. Extensions are dropped; trailers pass, but for those that a trailer must not hold.
class ChunkRelay {
 public:
  enum class Outcome { kNothing, kMoved, kBad };

  void reset() {
    decoder_.reset();
    ended_ = false;
  }
  // `plain`: the data only, for an HTTP/1.0 recipient. Moves as much as there is and fits.
  Outcome move(Buffer& from, Buffer& to, bool plain);
  // Everything has been read; the end may still wait for room.
  bool decoded() const { return decoder_.done(); }
  // Everything, the end included, is in `to`.
  bool done() const { return ended_; }
  const char* reason() const { return decoder_.problem().reason; }

 private:
  http::ChunkDecoder decoder_;
  bool ended_ = false;
};

// Puts what is in `from` into `to` as one chunk, as far as it fits. Returns whether anything moved.
bool encodeChunk(Buffer& from, Buffer& to);

}  // namespace vpclab::lb
