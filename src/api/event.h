#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"

// What the daemon tells while it works: one JSON object per line (NDJSON) in a chunked response. A Final is the last.
namespace vpclab::api {

// The exit codes of the command line.
enum class Exit : std::uint8_t { kOk = 0, kFailed = 1, kBadInput = 2, kDifferences = 3, kCheckFailed = 4 };

// What this stage of the lab does, in its author's words.
struct Heading {
  std::string lab;
  std::string text;
  bool operator==(const Heading&) const = default;
};

// What is about to be done. `lines` is for people.
struct PlanEvent {
  std::int64_t changes = 0;
  std::vector<std::string> lines;
  bool operator==(const PlanEvent&) const = default;
};

struct Progress {
  std::string phase;  // "apply", "check", "down"
  std::int64_t done = 0;
  std::int64_t total = 0;
  bool operator==(const Progress&) const = default;
};

// A line for people on standard output.
struct TextLine {
  std::string text;
  bool operator==(const TextLine&) const = default;
};

struct Final {
  Exit exit = Exit::kOk;
  std::vector<std::string> errors;  // each one line, for people
  base::Diagnostics diagnostics;
  std::string data = "{}";  // a JSON object: all that was found and done, for programs
  bool operator==(const Final&) const = default;
};

using Event = std::variant<Heading, PlanEvent, Progress, TextLine, Final>;

std::string encodeEvent(const Event& event);  // one line, without its line feed
// Strict. Errors: kInvalid.
base::Result<Event> decodeEvent(const std::string& line);

}  // namespace vpclab::api
