#include "lb/chunk_relay.h"

#include <algorithm>

#include "http/fields.h"
#include "http/message.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kChunkOverhead = 24;  // 16 digits of size and two CRLF, rounded up

std::size_t makeRoom(Buffer& to) {
  if (to.space() < 1024) {
    to.compact();
  }
  return to.space() > kChunkOverhead ? to.space() - kChunkOverhead : 0;
}

void appendChunk(Buffer& to, std::string_view data) {
  to.append(http::chunkHeader(data.size()));
  to.append(data);
  to.append("\r\n");
}

std::string endOf(const http::Fields& trailers) {
  std::string out = "0\r\n";
  for (const auto& field : trailers) {
    if (!http::isForbiddenTrailer(field.name)) {
      out.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  return out.append("\r\n");
}

}  // namespace

ChunkRelay::Outcome ChunkRelay::move(Buffer& from, Buffer& to, bool plain) {
  bool moved = false;
  while (!from.empty() && !decoder_.done()) {
    const std::size_t room = makeRoom(to);
    if (room == 0) {
      break;
    }
    const auto step = decoder_.next(from.data().substr(0, room));
    if (step.outcome == http::ChunkDecoder::Outcome::kBad) {
      return Outcome::kBad;
    }
    if (step.outcome == http::ChunkDecoder::Outcome::kData) {
      if (plain) {
        to.append(step.data);
      } else {
        appendChunk(to, step.data);
      }
    }
    from.consume(step.consumed);
    moved = true;
  }
  if (from.empty()) {
    from.clear();
  }
  if (decoder_.done() && !ended_) {
    if (!plain) {
      to.compact();
    }
    ended_ = plain || to.append(endOf(decoder_.trailers()));
    moved = moved || ended_;
  }
  return moved ? Outcome::kMoved : Outcome::kNothing;
}

bool encodeChunk(Buffer& from, Buffer& to) {
  const auto data = from.data().substr(0, std::min(from.size(), makeRoom(to)));
  if (data.empty()) {
    return false;
  }
  appendChunk(to, data);
  from.consume(data.size());
  if (from.empty()) {
    from.clear();
  }
  return true;
}

}  // namespace vpclab::lb
