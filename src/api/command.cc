#include "api/command.h"

#include <algorithm>
#include <array>
#include <csignal>

#include "base/text.h"

namespace vpclab::api {

using base::ErrorKind;

namespace {

constexpr std::size_t kWordsBefore = 4;  // directory, mask, terminal, how many arguments

base::Result<> check(const Command& command) {
  if (!command.directory.starts_with('/')) {
    return base::fail(ErrorKind::kInvalid, "the command's directory is not absolute");
  }
  if (command.arguments.empty() || command.arguments.front().empty()) {
    return base::fail(ErrorKind::kInvalid, "the command is empty");
  }
  if (command.arguments.size() + command.environment.size() > kMaxCommandWords) {
    return base::fail(ErrorKind::kLimit,
                      "the command and its environment have more than " + std::to_string(kMaxCommandWords) + " words");
  }
  return {};
}

}  // namespace

base::Result<std::string> encodeCommand(const Command& command) {
  if (auto checked = check(command); !checked) {
    return base::fail(std::move(checked.error()));
  }
  std::vector<std::string> words{command.directory, std::to_string(command.mask), command.terminal ? "1" : "0",
                                 std::to_string(command.arguments.size())};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  words.insert(words.end(), command.environment.begin(), command.environment.end());
  std::string out;
  for (const auto& word : words) {
    if (word.find('\0') != std::string::npos) {
      return base::fail(ErrorKind::kInvalid, "the command has a NUL byte in it");
    }
    out.append(word).push_back('\0');
    if (out.size() > kMaxCommandBytes) {
      return base::fail(ErrorKind::kLimit, "the command and its environment are larger than " +
                                               std::to_string(kMaxCommandBytes >> 10U) + " KiB");
    }
  }
  return out;
}

base::Result<Command> decodeCommand(std::string_view bytes) {
  const auto wrong = [](const char* what) { return base::fail(ErrorKind::kInvalid, std::string("command: ") + what); };
  if (bytes.size() > kMaxCommandBytes) {
    return base::fail(ErrorKind::kLimit, "command: too large");
  }
  if (bytes.empty() || bytes.back() != '\0') {
    return wrong("cut short");
  }
  auto words = base::split(bytes.substr(0, bytes.size() - 1), '\0');
  if (words.size() < kWordsBefore) {
    return wrong("cut short");
  }
  const auto mask = base::parseInteger(words[1], 0, 0777);
  const auto arguments = base::parseInteger(words[3], 1, static_cast<std::int64_t>(kMaxCommandWords));
  if (!mask || !arguments || (words[2] != "0" && words[2] != "1")) {
    return wrong("a number is wrong");
  }
  if (words.size() - kWordsBefore < static_cast<std::size_t>(*arguments)) {
    return wrong("too few arguments");
  }
  Command out;
  out.directory = words[0];
  out.mask = static_cast<mode_t>(*mask);
  out.terminal = words[2] == "1";
  const auto first = words.begin() + kWordsBefore;
  out.arguments.assign(first, first + *arguments);
  out.environment.assign(first + *arguments, words.end());
  if (auto checked = check(out); !checked) {
    return base::fail(std::move(checked.error()));
  }
  return out;
}

bool mayPassOn(int signal) {
  constexpr std::array kSignals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
  return std::find(kSignals.begin(), kSignals.end(), signal) != kSignals.end();
}

}  // namespace vpclab::api
