#include <algorithm>
#include <set>

#include "base/text.h"
#include "check/expect.h"

namespace vpclab::check {

namespace {

constexpr std::size_t kListed = 24;  // answers that are told one by one

std::vector<std::string> serversByPage(const HttpSpec& spec, const HttpReplies& replies, const HttpReply& answer) {
  std::vector<std::string> out;
  if (answer.body && *answer.body < replies.bodies.size()) {
    for (const auto& [id, page] : spec.pages) {
      if (page.body == replies.bodies[*answer.body]) {
        out.push_back(id);
      }
    }
  }
  return out;
}

std::size_t timesLogged(const RequestIds& log, const std::string& server, const std::string& request) {
  const auto entry = log.find(server);
  return entry == log.end() ? 0
                            : static_cast<std::size_t>(std::count(entry->second.begin(), entry->second.end(), request));
}

std::string titleOf(const HttpSpec& spec, const std::string& server) {
  const auto page = spec.pages.find(server);
  return page == spec.pages.end() ? "an unknown page" : page->second.title;
}

// "4 × (A, B, C)", "12 × A", "A, B, A, C".
std::string sequenceText(const HttpSpec& spec, const std::vector<std::string>& servers) {
  std::vector<std::string> titles;
  for (const std::string& server : servers) {
    titles.push_back(titleOf(spec, server));
  }
  for (std::size_t period = 1; period < titles.size(); ++period) {
    bool repeats = titles.size() % period == 0;
    for (std::size_t i = period; repeats && i < titles.size(); ++i) {
      repeats = titles[i] == titles[i - period];
    }
    if (repeats) {
      const std::string count = std::to_string(titles.size() / period) + " × ";
      titles.resize(period);
      return period == 1 ? count + titles.front() : count + "(" + base::join(titles, ", ") + ")";
    }
  }
  const std::size_t more = titles.size() > kListed ? titles.size() - kListed : 0;
  titles.resize(titles.size() - more);
  return base::join(titles, ", ") + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

// "4 × A, 2 × B", whatever the order was: what a share is about.
std::string countsText(const HttpSpec& spec, const std::vector<std::string>& servers) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& server : servers) {
    ++counts[server];
  }
  std::vector<std::string> out;
  for (const auto& [server, count] : counts) {
    out.push_back(std::to_string(count) + " × " + titleOf(spec, server));
  }
  return base::join(out, ", ");
}

// A wrong status or no response at all.
std::optional<std::string> badAnswer(const HttpSpec& spec, const HttpReplies& replies) {
  const int wanted = spec.status.value_or(200);
  if (replies.answers.size() != spec.times) {
    return std::to_string(replies.answers.size()) + " answers to " + std::to_string(spec.times) + " requests";
  }
  for (std::size_t i = 0; i < replies.answers.size(); ++i) {
    const HttpReply& answer = replies.answers[i];
    const std::string which = spec.times > 1 ? "request " + std::to_string(i + 1) + ": " : "";
    if (!answer.error.empty()) {
      return which + answer.error;
    }
    if (answer.status != wanted) {
      return which + "status " + std::to_string(answer.status);
    }
  }
  return std::nullopt;
}

// Page and access log must tell the same.
std::optional<std::string> contradiction(const HttpSpec& spec, const std::vector<std::string>& servers,
                                         const RequestIds& log, const std::string& prefix) {
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const std::string request = prefix + "-" + std::to_string(i);
    const std::string which = "request " + std::to_string(i + 1);
    for (const auto& [id, page] : spec.pages) {
      const std::size_t logged = timesLogged(log, id, request);
      if (id != servers[i] && logged > 0) {
        return which + " brought " + (servers[i].empty() ? "" : "the page of ") + titleOf(spec, servers[i]) +
               ", but is in the access log of " + page.title;
      }
      if (id == servers[i] && page.logged && logged != 1) {
        return which + " brought the page of " + page.title + ", whose access log has it " + std::to_string(logged) +
               " times";
      }
    }
  }
  return std::nullopt;
}

bool isRotation(const std::vector<std::string>& servers, const std::vector<std::string>& rotation) {
  for (std::size_t shift = 0; shift < rotation.size(); ++shift) {
    bool same = true;
    for (std::size_t i = 0; same && i < servers.size(); ++i) {
      same = servers[i] == rotation[(i + shift) % rotation.size()];
    }
    if (same) {
      return true;
    }
  }
  return rotation.empty();
}

std::set<std::string> expectedServers(const HttpSpec& spec) {
  std::set<std::string> out(spec.rotation.begin(), spec.rotation.end());
  for (const auto& [id, count] : spec.share) {
    if (count > 0) {
      out.insert(id);
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> serversOf(const HttpSpec& spec, const HttpReplies& replies, const RequestIds& log,
                                   const std::string& prefix) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < replies.answers.size(); ++i) {
    auto candidates = serversByPage(spec, replies, replies.answers[i]);
    if (candidates.size() > 1) {
      const std::string request = prefix + "-" + std::to_string(i);
      std::erase_if(candidates, [&](const std::string& id) { return timesLogged(log, id, request) == 0; });
    }
    out.push_back(candidates.size() == 1 ? candidates.front() : "");
  }
  return out;
}

Verdict judgeHttp(const HttpSpec& spec, const HttpReplies& replies, const RequestIds& log, const std::string& prefix) {
  Verdict out;
  if (auto bad = badAnswer(spec, replies)) {
    out.seen = std::move(*bad);
    return out;
  }
  const auto servers = serversOf(spec, replies, log, prefix);
  const std::string status = std::to_string(spec.status.value_or(200));
  const bool aboutPages = !spec.page.empty() || !spec.rotation.empty() || !spec.share.empty();
  if (!aboutPages) {
    out.passed = true;
    out.seen = spec.times > 1 ? std::to_string(spec.times) + " × " + status : status;
    return out;
  }
  out.seen = status + " from " + (spec.share.empty() ? sequenceText(spec, servers) : countsText(spec, servers));
  if (auto wrong = contradiction(spec, servers, log, prefix)) {
    out.seen += "; " + *wrong;
    return out;
  }
  bool asExpected = isRotation(servers, spec.rotation);
  if (!spec.page.empty()) {
    asExpected = asExpected && std::all_of(servers.begin(), servers.end(),
                                           [&](const std::string& server) { return server == spec.page; });
  }
  if (!spec.share.empty()) {
    std::map<std::string, std::uint32_t> counts;
    for (const auto& [id, count] : spec.share) {
      counts.emplace(id, 0);
    }
    for (const std::string& server : servers) {
      ++counts[server];
    }
    asExpected = asExpected && counts == spec.share;
  }
  out.passed = asExpected;
  out.outOfOrder = !asExpected && spec.page.empty() &&
                   std::set<std::string>(servers.begin(), servers.end()) == expectedServers(spec);
  return out;
}

std::vector<SeenAnswer> seenAnswers(const HttpSpec& spec, const HttpReplies& replies,
                                    const std::vector<std::string>& servers) {
  std::vector<SeenAnswer> out;
  for (std::size_t i = 0; i < replies.answers.size(); ++i) {
    const HttpReply& answer = replies.answers[i];
    const bool known = i < servers.size() && !servers[i].empty();
    out.push_back({answer.status, known ? titleOf(spec, servers[i]) : "", answer.error, answer.ms});
  }
  return out;
}

}  // namespace vpclab::check
