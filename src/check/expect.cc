#include "check/expect.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace vpclab::check {

namespace {

constexpr std::uint32_t kProbesForSilence = 3;

std::string milliseconds(double ms) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f ms", ms);
  return text;
}

// " (nothing ...)" where no proof of life was possible.
std::string aliveNote(const Target& to) {
  return to.alive ? "" : " (no node of the lab has this address)";
}

std::string describe(const SeenHop& hop) {
  if (!hop.address) {
    return "no answer";
  }
  return hop.title.empty() ? hop.address->toString() : hop.title + " (" + hop.address->toString() + ")";
}

}  // namespace

std::string expectedText(const CheckSpec& check) {
  if (const auto* ping = std::get_if<PingSpec>(&check.what)) {
    if (ping->measures()) {
      return (ping->rtt ? "rtt " + ping->rtt->text : "") + (ping->rtt && ping->loss ? ", " : "") +
             (ping->loss ? "loss " + ping->loss->text : "");
    }
    return ping->reachable ? "reachable" : "unreachable";
  }
  if (const auto* path = std::get_if<PathSpec>(&check.what)) {
    std::vector<std::string> titles;
    for (const HopSpec& hop : path->through) {
      titles.push_back(hop.title);
    }
    return titles.empty() ? "without a hop between" : "through " + base::join(titles, ", ");
  }
  if (const auto* backend = std::get_if<BackendSpec>(&check.what)) {
    return backend->state + (backend->reason.empty() ? "" : ": " + backend->reason);
  }
  if (const auto* stream = std::get_if<ThroughputSpec>(&check.what)) {
    return stream->rate.text + " there and back";
  }
  if (const auto* loss = std::get_if<LossSpec>(&check.what)) {
    return "loss " + loss->loss.text + " there and back";
  }
  if (const auto* tunnel = std::get_if<TunnelSpec>(&check.what)) {
    return "a handshake in the last " + std::to_string(tunnel->handshake.count() / 1000) + " s";
  }
  const auto& http = std::get<HttpSpec>(check.what);
  if (!http.reachable) {
    return "no connection";
  }
  const auto title = [&](const std::string& id) {
    const auto page = http.pages.find(id);
    return page == http.pages.end() ? id : page->second.title;
  };
  std::string out = std::to_string(http.status.value_or(200));
  if (http.times > 1) {
    out = std::to_string(http.times) + " × " + out;
  }
  if (!http.page.empty()) {
    out += ", page of " + title(http.page);
  }
  if (!http.rotation.empty()) {
    std::vector<std::string> titles;
    for (const std::string& id : http.rotation) {
      titles.push_back(title(id));
    }
    out += " in turn from " + base::join(titles, ", ");
  }
  for (const auto& [id, count] : http.share) {
    out += ", " + std::to_string(count) + " from " + title(id);
  }
  if (http.connections == Connections::kKeepAlive) {
    out += ", on one connection";
  } else if (http.connections == Connections::kParallel) {
    out += ", all at once";
  }
  return out;
}

std::optional<std::string> silentWitness(const std::vector<Witness>& witnesses, const std::vector<Reply>& replies) {
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    std::string why = "no reply";
    if (i < replies.size()) {
      if (const auto* ping = std::get_if<PingReply>(&replies[i])) {
        if (ping->answered > 0) {
          continue;
        }
        why = ping->detail.empty() ? "no answer" : ping->detail;
      } else if (const auto* http = std::get_if<HttpReplies>(&replies[i])) {
        if (!http->answers.empty() && http->answers.front().connected) {
          continue;
        }
        why = http->answers.empty() ? "no answer" : http->answers.front().error;
      } else if (const auto* failure = std::get_if<JobFailure>(&replies[i])) {
        why = failure->why;
      }
    }
    const std::string port = witnesses[i].port == 0 ? "" : ":" + std::to_string(witnesses[i].port);
    return witnesses[i].title + " (" + witnesses[i].address.toString() + port + ") does not answer it: " + why;
  }
  return std::nullopt;
}

Verdict judgeReachable(const PingReply& reply) {
  Verdict out;
  out.passed = reply.answered > 0;
  out.final = out.passed;
  const std::string counts = std::to_string(reply.answered) + " of " + std::to_string(reply.sent);
  out.seen = out.passed ? "answered" : counts + " answered: " + (reply.detail.empty() ? "no answer" : reply.detail);
  return out;
}

Verdict judgeUnreachable(const PingSpec& spec, const PingReply& reply) {
  Verdict out;
  if (reply.answered > 0) {
    out.seen = "answered " + std::to_string(reply.answered) + " of " + std::to_string(reply.sent) + ", in " +
               milliseconds(reply.rttMinMs);
  } else if (reply.last == PingResult::kError) {
    out.seen = "cannot tell: the probe was not sent: " + reply.detail;
  } else if (reply.unreachable > 0) {
    out.passed = true;
    out.seen = reply.detail + aliveNote(spec.to);
  } else if (reply.sent >= kProbesForSilence) {
    out.passed = true;
    out.seen = "none of " + std::to_string(reply.sent) + " answered" + aliveNote(spec.to);
  } else {
    out.seen = "cannot tell: only " + std::to_string(reply.sent) + " probes were sent";
  }
  return out;
}

Verdict judgeArrival(const PingSpec& spec, const CountReply& own, const CountReply& prober) {
  Verdict out;
  if (!own.detail.empty()) {
    out.seen = "cannot tell: " + spec.to.title + " does not get what it sends to itself: " + own.detail;
  } else if (prober.there.sent > 0) {  // not before a first one has arrived
    out.seen = "what " + spec.from.title + " sends to " + spec.to.address.toString() + " arrives at " + spec.to.title;
  } else if (prober.detail != CountReply::kNothingArrives) {
    out.seen = "cannot tell: " + prober.detail;
  } else {
    out.passed = true;
    out.seen = spec.to.standIn + "; nothing sent there arrives at " + spec.to.title;
  }
  return out;
}

Verdict judgeNoConnection(const HttpSpec& spec, const HttpReplies& replies) {
  Verdict out;
  std::size_t connected = 0;
  for (const HttpReply& answer : replies.answers) {
    connected += answer.connected ? 1 : 0;
  }
  if (connected > 0) {
    out.seen = std::to_string(connected) + " of " + std::to_string(replies.answers.size()) + " connections came about";
  } else if (replies.answers.size() < kProbesForSilence) {
    out.seen = "cannot tell: too few connections were tried";
  } else {
    out.passed = true;
    out.seen = replies.answers.back().error + aliveNote(spec.to);
  }
  return out;
}

std::vector<SeenHop> seenHops(const PathSpec& spec, const PathReply& reply) {
  std::vector<SeenHop> out;
  for (std::size_t i = 0; i < reply.hops.size(); ++i) {
    SeenHop hop{reply.hops[i].address, "", reply.hops[i].rttMs};
    if (hop.address && *hop.address == spec.to.address) {
      hop.title = spec.to.title;
    }
    for (const auto* hops : {&spec.way, &spec.through}) {
      for (const HopSpec& one : *hops) {
        if (hop.address && std::find(one.addresses.begin(), one.addresses.end(), *hop.address) != one.addresses.end()) {
          hop.title = one.title;
        }
      }
    }
    out.push_back(std::move(hop));
  }
  return out;
}

Verdict judgePath(const PathSpec& spec, const PathReply& reply) {
  Verdict out;
  bool same = reply.reached && reply.hops.size() == spec.through.size() + 1;
  for (std::size_t i = 0; same && i < spec.through.size(); ++i) {
    const auto& known = spec.through[i].addresses;
    const auto& address = reply.hops[i].address;
    same = address && std::find(known.begin(), known.end(), *address) != known.end();
  }
  same = same && reply.hops.back().target && reply.hops.back().address == spec.to.address;
  out.passed = same;
  std::vector<std::string> texts;
  for (const SeenHop& hop : seenHops(spec, reply)) {
    texts.push_back(describe(hop));
  }
  if (reply.reached && !texts.empty()) {
    texts.pop_back();  // the target itself
  }
  out.seen = texts.empty() ? "no hop" : base::join(texts, ", ");
  if (!reply.reached) {
    out.seen += "; did not arrive: " + reply.detail;
  }
  return out;
}

// The kernel's words come with a capital: "No route to host".
static bool containsIgnoringCase(const std::string& text, const std::string& part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

// Whether one in this state may be meant. Disabled or drained is what the file says of it; up or down is any other one.
static bool isMeant(const std::string& state, const std::string& expected) {
  const auto isTheFiles = [](const std::string& one) { return one == "disabled" || one == "drain"; };
  return isTheFiles(expected) ? state == expected : !isTheFiles(state);
}

Verdict judgeBackend(const BackendSpec& spec, const std::vector<BackendStatus>& backends) {
  Verdict out;
  out.passed = true;
  bool found = false;
  const bool isThere = std::any_of(backends.begin(), backends.end(), [&](const BackendStatus& backend) {
    return backend.name == spec.backend && isMeant(backend.state, spec.state);
  });
  for (const BackendStatus& backend : backends) {
    if (backend.name != spec.backend || (isThere && !isMeant(backend.state, spec.state))) {
      continue;
    }
    const bool asExpected =
        backend.state == spec.state && (spec.reason.empty() || containsIgnoringCase(backend.reason, spec.reason));
    if (!found || (out.passed && !asExpected)) {  // of several, the one that is not as it should be is told
      out.seen = backend.state + (backend.reason.empty() ? "" : ": " + backend.reason);
    }
    out.passed = out.passed && asExpected;
    found = true;
  }
  if (!found) {
    out.passed = false;
    out.seen = "the listener has no such backend";
  }
  return out;
}

}  // namespace vpclab::check
