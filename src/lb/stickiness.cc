#include "lb/stickiness.h"

#include <array>
#include <charconv>
#include <optional>

#include "http/chars.h"

namespace vpclab::lb {

namespace {

constexpr char kPrefixEnd = '~';
constexpr char kTimeMark = '.';

struct Pair {
  std::string_view name;
  std::string_view value;  // quotes included
};

// RFC 6265 section 4.2.1: "a=1; b=2". Takes the first pair off.
std::optional<Pair> nextPair(std::string_view& rest) {
  if (rest.empty()) {
    return std::nullopt;
  }
  const auto end = rest.find(';');
  const auto text = http::trimmed(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Pair{text, {}};
  }
  return Pair{http::trimmed(text.substr(0, equals)), http::trimmed(text.substr(equals + 1))};
}

// Names of cookies are case-sensitive.
std::optional<std::string_view> findCookie(const http::Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.kind != http::FieldKind::kCookie) {
      continue;
    }
    std::string_view rest = field.value;
    while (const auto pair = nextPair(rest)) {
      if (pair->name == name) {
        return pair->value;
      }
    }
  }
  return std::nullopt;
}

void readInserted(std::string_view value, const state::StickyCookie& cookie, std::int64_t now, StickyRequest& out) {
  const auto mark = value.find(kTimeMark);
  out.id = value.substr(0, mark);
  if (cookie.timeout.count() == 0) {
    return;
  }
  const auto digits = mark == std::string_view::npos ? std::string_view{} : value.substr(mark + 1);
  std::int64_t used = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), used, 16);
  const std::int64_t age = now - used;
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || age > cookie.timeout.count() ||
      age < -60) {
    out = {'E', "", false};
    return;
  }
  // Not with every answer: an eighth of the timeout is near enough.
  out.refresh = age * 8 >= cookie.timeout.count();
}

}  // namespace

StickyRequest readSticky(const http::Fields& fields, const state::StickyCookie& cookie, std::int64_t unixSeconds) {
  StickyRequest out{'N', "", false};
  const auto value = findCookie(fields, cookie.name);
  if (!value || value->empty()) {
    return out;
  }
  out.flag = 'V';
  if (cookie.mode == state::Stickiness::kInsert) {
    readInserted(*value, cookie, unixSeconds, out);
  } else if (cookie.mode == state::Stickiness::kPrefix) {
    const auto end = value->find(kPrefixEnd);
    out.id = end == std::string_view::npos ? "" : value->substr(0, end);
    out.flag = end == std::string_view::npos ? 'I' : 'V';
  } else {
    out.id = *value;
  }
  return out;
}

std::string cookieForBackend(std::string_view value, const state::StickyCookie& cookie) {
  std::string out;
  std::string_view rest = value;
  while (const auto pair = nextPair(rest)) {
    std::string_view kept = pair->value;
    if (pair->name == cookie.name) {
      if (cookie.mode == state::Stickiness::kInsert) {
        continue;
      }
      const auto end = kept.find(kPrefixEnd);
      if (cookie.mode == state::Stickiness::kPrefix && end != std::string_view::npos) {
        kept.remove_prefix(end + 1);
      }
    }
    out.append(out.empty() ? "" : "; ").append(pair->name);
    if (!kept.empty() || pair->value.data() != nullptr) {
      out.append("=").append(kept);
    }
  }
  return out;
}

std::string setCookieForClient(std::string_view value, const state::StickyCookie& cookie, std::string_view id,
                               bool& touched) {
  const auto end = value.find(';');
  std::string_view first = value.substr(0, end);
  const auto pair = nextPair(first);
  if (!pair || pair->name != cookie.name || cookie.mode == state::Stickiness::kInsert) {
    return std::string(value);
  }
  touched = true;
  std::string out(pair->name);
  out.append("=").append(id);
  if (cookie.mode == state::Stickiness::kPrefix) {
    out.append(1, kPrefixEnd).append(pair->value);
  }
  return out.append(end == std::string_view::npos ? std::string_view{} : value.substr(end));
}

std::string insertedCookie(const state::StickyCookie& cookie, std::string_view id, std::int64_t unixSeconds) {
  std::string out = cookie.name;
  out.append("=").append(id);
  if (cookie.timeout.count() > 0) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), unixSeconds, 16).ptr;
    out.append(1, kTimeMark).append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out.append("; Max-Age=").append(std::to_string(cookie.timeout.count()));
  }
  return out.append("; Path=/; HttpOnly");
}

}  // namespace vpclab::lb
