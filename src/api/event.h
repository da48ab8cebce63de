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

// What is about to be done. `lines` is for people; those of a large plan come in several of these.
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

// What happened to a lab, for those who follow it. Texts are empty and `count` is 0 where they mean nothing.
struct Happening {
  std::string time;  // UTC, "2026-11-25T08:31:07.123Z"
  std::string lab;
  // "following": from here on nothing is left out; "begun", "change", "settled", "failed": of an operation; "down";
  // "process": one ended or was restarted; "backend": a load balancer's went up or down; "missed": this reader was so
  // slow that `count` happenings could not be kept for it.
  std::string what;
  std::string object;  // "veth switch.pek3/bj-server1"; "process lb of xr-lb"; "backend web/1 of xr-lb"
  std::string action;  // "create", "apply", "exited", "down"
  std::string reason;
  std::string result;      // "done", or why not
  std::int64_t count = 0;  // changes: to be made, or made
  bool operator==(const Happening&) const = default;
};

// Items of a list in the Final's data, ahead of it: such a list may be longer than one line, and than what the daemon
// should hold. A Client puts them together again.
struct Items {
  std::string list;   // where in the data, by a JSON pointer (RFC 6901): "/plan/steps"
  std::string items;  // a JSON array
  bool operator==(const Items&) const = default;
};

struct Final {
  Exit exit = Exit::kOk;
  std::vector<std::string> errors;  // each one line, for people
  base::Diagnostics diagnostics;
  std::string data = "{}";  // a JSON object: all that was found and done, for programs
  bool operator==(const Final&) const = default;
};

using Event = std::variant<Heading, PlanEvent, Progress, TextLine, Happening, Items, Final>;

std::string encodeEvent(const Event& event);  // one line, without its line feed
// Strict. Errors: kInvalid.
base::Result<Event> decodeEvent(const std::string& line);

}  // namespace vpclab::api
