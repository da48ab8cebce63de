#include "lab/names.h"

#include <algorithm>

#include "lab/scalars.h"

namespace vpclab::lab {

std::string_view nameOf(Kind kind) {
  switch (kind) {
    case Kind::kRegion:
      return "region";
    case Kind::kVpc:
      return "VPC";
    case Kind::kVxnet:
      return "vxnet";
    case Kind::kServer:
      return "server";
    case Kind::kBorderRouter:
      return "border router";
    case Kind::kSdwan:
      return "SD-WAN";
    case Kind::kAccessPoint:
      return "access point";
    case Kind::kEip:
      return "EIP";
    case Kind::kLoadBalancer:
      return "load balancer";
    case Kind::kRouteTable:
      return "route table";
  }
  return "?";
}

std::string withArticle(Kind kind) {
  const bool vowel = kind == Kind::kAccessPoint || kind == Kind::kEip || kind == Kind::kSdwan;  // "an ess-dee-wan"
  return (vowel ? "an " : "a ") + std::string(nameOf(kind));
}

namespace {

constexpr std::size_t kMaxCandidates = 5000;  // names of a kind that are compared with a wrong one
constexpr std::size_t kMaxListed = 8;

bool isOneOf(Kind kind, std::initializer_list<Kind> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::string alternatives(std::initializer_list<Kind> kinds, bool articles) {
  std::string out;
  for (const auto* kind = kinds.begin(); kind != kinds.end(); ++kind) {
    out += kind == kinds.begin() ? "" : kind + 1 == kinds.end() ? " or " : ", ";
    out += articles ? withArticle(*kind) : std::string(nameOf(*kind));
  }
  return out;
}

}  // namespace

void Names::add(Kind kind, const std::string& id, const std::string& title, const SourcePos& pos, Report& report) {
  if (!isSlug(id)) {
    const bool ascii = std::all_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const std::string better = ascii ? slugOf(id) : "";
    report.error(pos, quote(id) + " is not an id: lower case letters, digits and - within",
                 better.empty() ? "the name for people goes to `title`" : "for example " + quote(better));
  } else if (id.size() > kMaxId) {
    report.error(pos, quote(id) + " is too long for an id", "at most " + std::to_string(kMaxId) + " characters");
  } else if (id == "internet") {
    report.error(pos, "\"internet\" is reserved for the lab's internet", "choose another id");
  }
  const auto [known, fresh] = byId_.emplace(id, Named{kind, id, title, pos});
  if (!fresh) {
    report.error(pos, "the id " + quote(id) + " is taken by " + withArticle(known->second.kind),
                 "ids are unique within a lab; the other is at " + known->second.pos.toString());
    refused_.emplace(kind, id);
    if (!title.empty()) {
      refused_.emplace(kind, title);
    }
    return;
  }
  byKind_[kind].push_back(&known->second);
  if (!title.empty()) {
    byTitle_[title].push_back(id);
  }
}

const Names::Named* Names::find(std::string_view id) const {
  const auto found = byId_.find(id);
  return found == byId_.end() ? nullptr : &found->second;
}

const Names::Named* Names::resolve(const Value& value, std::initializer_list<Kind> kinds, Report& report) const {
  if (const auto* named = find(value.text); named != nullptr && isOneOf(named->kind, kinds)) {
    return named;
  }
  std::vector<const Named*> titled;
  if (const auto ids = byTitle_.find(value.text); ids != byTitle_.end()) {
    for (const auto& id : ids->second) {
      const Named* named = find(id);
      if (isOneOf(named->kind, kinds)) {
        titled.push_back(named);
      }
    }
  }
  if (titled.size() == 1) {
    return titled.front();
  }
  if (titled.size() > 1) {
    std::vector<std::string_view> ids;
    for (std::size_t i = 0; i < titled.size() && i < 5; ++i) {
      ids.push_back(titled[i]->id);
    }
    report.error(value.pos, "the title " + quote(value.text) + " is ambiguous", "write the id: " + listed(ids));
    return nullptr;
  }
  reportUnknown(value, kinds, report);
  return nullptr;
}

void Names::reportUnknown(const Value& value, std::initializer_list<Kind> kinds, Report& report) const {
  if (std::any_of(kinds.begin(), kinds.end(), [&](Kind kind) { return refused_.count({kind, value.text}) != 0; })) {
    return;  // it is meant, and its own mistake is told
  }
  const Named* other = find(value.text);
  if (const auto ids = byTitle_.find(value.text); other == nullptr && ids != byTitle_.end()) {
    other = find(ids->second.front());
  }
  std::vector<std::string_view> ids;
  std::vector<std::string_view> titles;
  for (const Kind kind : kinds) {
    const auto all = byKind_.find(kind);
    for (std::size_t i = 0; all != byKind_.end() && i < all->second.size() && i < kMaxCandidates; ++i) {
      ids.push_back(all->second[i]->id);
      titles.push_back(all->second[i]->title);
    }
  }
  std::string hint;
  if (other == nullptr) {
    std::vector<std::string_view> words = ids;
    words.insert(words.end(), titles.begin(), titles.end());
    hint = report.suggest(value.text, words);
  }
  if (hint.empty() && ids.empty()) {
    hint = "the lab has none";
  } else if (hint.empty() && ids.size() <= kMaxListed) {
    hint = "there " + std::string(ids.size() == 1 ? "is " : "are ") + listed(ids, "and");
  }
  if (other != nullptr) {
    report.error(value.pos,
                 quote(value.text) + " is " + withArticle(other->kind) + ", not " + alternatives(kinds, true), hint);
    return;
  }
  report.error(value.pos, "there is no " + alternatives(kinds, false) + " " + quote(value.text), hint);
}

}  // namespace vpclab::lab
