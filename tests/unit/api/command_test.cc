#include "api/command.h"

#include <csignal>

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

api::Command plain() {
  return {"/home/somebody", 027, true, {"sh", "-c", "echo \"$A\"", ""}, {"A=1\n2", "B=\xff", "PATH=/bin"}};
}

// The words with one of them changed.
std::string with(const std::string& encoded, std::size_t word, const std::string& text) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t i = 0; at < encoded.size(); ++i) {
    const auto end = encoded.find('\0', at);
    out += i == word ? text : encoded.substr(at, end - at);
    out.push_back('\0');
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("a command arrives as it was sent, whatever bytes it has") {
  for (auto command : {plain(), api::Command{"/", 0, false, {"true"}, {}}}) {
    const auto encoded = api::encodeCommand(command);
    REQUIRE(encoded);
    const auto decoded = api::decodeCommand(*encoded);
    REQUIRE(decoded);
    CHECK(*decoded == command);
  }
}

TEST_CASE("a command that is none is refused") {
  const std::string good = *api::encodeCommand(plain());
  REQUIRE(api::decodeCommand(with(good, 0, "/tmp")));
  const auto refused = [](const std::string& bytes) {
    const auto decoded = api::decodeCommand(bytes);
    REQUIRE_FALSE(decoded);
    return decoded.error().kind() == base::ErrorKind::kInvalid;
  };
  CHECK(refused(""));
  CHECK(refused(std::string(1, '\0')));
  CHECK(refused(good.substr(0, good.size() - 1)));
  CHECK(refused(with(good, 0, "home")));
  for (const char* mask : {"", "-1", "512", "18x"}) {
    CHECK(refused(with(good, 1, mask)));
  }
  CHECK(refused(with(good, 2, "2")));
  for (const char* count : {"0", "-1", "8", "4097", "99999999999999999999"}) {
    CHECK(refused(with(good, 3, count)));
  }
  CHECK(refused(with(good, 4, "")));
}

TEST_CASE("a command has limits, told before it is sent") {
  auto many = plain();
  many.environment.assign(api::kMaxCommandWords, "A=1");
  CHECK(api::encodeCommand(many).error().kind() == base::ErrorKind::kLimit);
  auto large = plain();
  large.arguments.emplace_back(api::kMaxCommandBytes, 'a');
  CHECK(api::encodeCommand(large).error().kind() == base::ErrorKind::kLimit);
  CHECK(api::decodeCommand(std::string(api::kMaxCommandBytes + 1, '\0')).error().kind() == base::ErrorKind::kLimit);
  auto nul = plain();
  nul.arguments.emplace_back(std::string("a\0b", 3));
  CHECK(api::encodeCommand(nul).error().kind() == base::ErrorKind::kInvalid);
}

TEST_CASE("only signals that ask a command to do something are passed on") {
  CHECK(api::mayPassOn(SIGINT));
  CHECK(api::mayPassOn(SIGTERM));
  for (const int signal : {0, SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, 255}) {
    CHECK_FALSE(api::mayPassOn(signal));
  }
}
