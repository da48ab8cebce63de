#include "http/chunk_decoder.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;
using Outcome = http::ChunkDecoder::Outcome;

namespace {

// "data|trailers|rest" or "bad" or "more", with the input cut into pieces of that size.
std::string decode(const std::string& input, std::size_t piece) {
  http::ChunkDecoder decoder;
  std::string data;
  std::size_t at = 0;
  while (at < input.size()) {
    const auto part = std::string_view(input).substr(at, piece);
    std::size_t used = 0;
    for (;;) {
      const auto step = decoder.next(part.substr(used));
      used += step.consumed;
      data += step.data;
      if (step.outcome == Outcome::kBad) {
        return "bad";
      }
      if (step.outcome == Outcome::kDone) {
        std::string trailers;
        for (const auto& field : decoder.trailers()) {
          trailers += std::string(field.name) + "=" + std::string(field.value) + ";";
        }
        return data + "|" + trailers + "|" + input.substr(at + used);
      }
      if (step.outcome == Outcome::kMore) {
        CHECK(used == part.size());
        break;
      }
    }
    at += used;
  }
  return "more";
}

}  // namespace

TEST_CASE("the chunked coding of RFC 9112 section 7.1, in pieces of any size") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"3\r\nabc\r\n0\r\n\r\nGET", "abc||GET"},
      {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde||"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789||"},
      {"000003\r\nabc\r\n000\r\n\r\n", "abc||"},
      {"0\r\n\r\n", "||"},
      {"3;a=b;c=\"d;\\\"e\"\r\nabc\r\n0;x\r\n\r\n", "abc||"},
      {"0\r\nA: b\r\nC-D:  e \r\n\r\nx", "|A=b;C-D=e;|x"},
      {"", "more"},
      {"3\r\nab", "more"},
      {"0\r\nA: b\r\n", "more"},
      {"\r\n", "bad"},
      {"3\nabc\r\n0\r\n\r\n", "bad"},
      {"3\r\nabc0\r\n\r\n", "bad"},
      {"3\r\nabcd\r\n0\r\n\r\n", "bad"},
      {"3\r\nabc\n0\r\n\r\n", "bad"},
      {" 3\r\nabc\r\n0\r\n\r\n", "bad"},
      {"3 \r\nabc\r\n0\r\n\r\n", "bad"},
      {"0x3\r\nabc\r\n0\r\n\r\n", "bad"},
      {"-3\r\nabc\r\n0\r\n\r\n", "bad"},
      {"+3\r\nabc\r\n0\r\n\r\n", "bad"},
      {"g\r\n", "bad"},
      {"fffffffffffffffff\r\n", "bad"},
      {"0000000000000000000003\r\nabc\r\n0\r\n\r\n", "bad"},
      {"3;a=b\nabc\r\n0\r\n\r\n", "bad"},
      {"3;a=\rb\r\nabc\r\n0\r\n\r\n", "bad"},
      {"3\r\nabc\r\n0\r\n\n", "bad"},
      {"0\r\nA : b\r\n\r\n", "bad"},
      {"0\r\n A: b\r\n\r\n", "bad"},
      {"0\r\nA\r\n\r\n", "bad"},
      {"0\r\nA: b\n\r\n", "bad"},
  };
  for (const auto& entry : cases) {
    const auto& input = entry.first;
    for (std::size_t piece = 1; piece <= 40; ++piece) {
      CHECK_MESSAGE(decode(input, piece) == entry.second, input, " in pieces of ", piece);
    }
  }
}

TEST_CASE("extensions and trailers are bounded") {
  std::string extensions;
  for (int i = 0; i < 100; ++i) {
    extensions += "1;" + std::string(1000, 'x') + "\r\na\r\n";
  }
  CHECK(decode(extensions, 4096) == "bad");
  CHECK(decode("0\r\nA: " + std::string(10'000, 'x') + "\r\n\r\n", 4096) == "bad");
  std::string many = "0\r\n";
  for (int i = 0; i < 100; ++i) {
    many += "a:b\r\n";
  }
  CHECK(decode(many + "\r\n", 4096) == "bad");
}
