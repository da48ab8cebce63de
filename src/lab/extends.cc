#include "lab/extends.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "lab/yaml.h"

namespace vpclab::lab {
namespace {

// Takes `extends` out of the file's map and returns the path it names; empty if it has none, nothing if a wrong one.
std::optional<std::string> takeExtends(ValuePtr& tree, Files& files, Report& report) {
  const auto at = std::find_if(tree->entries.begin(), tree->entries.end(),
                               [](const Entry& entry) { return entry.key == "extends"; });
  if (at == tree->entries.end()) {
    return "";
  }
  // Kept beyond the tree that is replaced.
  const ValuePtr value = at->value;
  const std::string file = at->pos.file;
  auto rest = std::make_shared<Value>(*tree);
  rest->entries.erase(rest->entries.begin() + (at - tree->entries.begin()));
  tree = std::move(rest);
  if (!value->isScalar()) {
    report.error(value->pos, "`extends` is " + std::string(nameOf(value->kind)),
                 "it names one file, as in `extends: stage-1.yaml`");
    return std::nullopt;
  }
  std::string path = files.relativeTo(file, value->text, value->pos);
  return path.empty() ? std::nullopt : std::optional(std::move(path));
}

}  // namespace

ValuePtr merge(const ValuePtr& base, const ValuePtr& child) {
  if (!base->isMap() || !child->isMap()) {
    return child;
  }
  auto merged = std::make_shared<Value>(*base);
  // Not by hashes: who chooses the keys could make them alike.
  std::map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < base->entries.size(); ++i) {
    known.emplace(base->entries[i].key, i);
  }
  for (const Entry& entry : child->entries) {
    const auto found = known.find(entry.key);
    if (found == known.end()) {
      merged->entries.push_back(entry);
    } else if (entry.value->isNull()) {
      merged->entries[found->second].value = nullptr;
    } else {
      Entry& target = merged->entries[found->second];
      const bool both = target.value->isMap() && entry.value->isMap();
      target.value = merge(target.value, entry.value);
      target.pos = both ? target.pos : entry.pos;
    }
  }
  std::erase_if(merged->entries, [](const Entry& entry) { return entry.value == nullptr; });
  return merged;
}

ValuePtr readExtended(const std::string& path, Files& files, Report& report) {
  if (path.empty()) {
    report.error({}, "no lab file is named: the path is empty");
    return nullptr;
  }
  YamlBudget budget;
  std::vector<ValuePtr> chain;  // the file itself first
  std::vector<std::string> paths;
  std::string next = path;
  SourcePos asked{path, 0, 0};
  while (!next.empty()) {
    if (std::find(paths.begin(), paths.end(), next) != paths.end()) {
      std::string cycle;
      for (auto at = std::find(paths.begin(), paths.end(), next); at != paths.end(); ++at) {
        cycle += *at + " -> ";
      }
      report.error(asked, "`extends` goes round in a circle: " + cycle + next);
      return nullptr;
    }
    if (paths.size() > static_cast<std::size_t>(kMaxExtends)) {
      report.error(asked, "too long a chain of `extends`", "at most " + std::to_string(kMaxExtends));
      return nullptr;
    }
    paths.push_back(next);
    const std::string* text = files.read(next, kMaxLabFileBytes, asked);
    if (text == nullptr) {
      return nullptr;
    }
    ValuePtr tree = parseYaml(next, *text, budget, report);
    if (!tree) {
      return nullptr;
    }
    for (const Entry& entry : tree->entries) {
      if (entry.key == "extends") {
        asked = entry.value->pos;
      }
    }
    auto extended = takeExtends(tree, files, report);
    if (!extended) {
      return nullptr;  // what the other file has would be told as missing
    }
    next = std::move(*extended);
    chain.push_back(std::move(tree));
  }
  ValuePtr merged = chain.back();
  for (auto child = chain.rbegin() + 1; child != chain.rend(); ++child) {
    merged = merge(merged, *child);
  }
  return merged;
}

}  // namespace vpclab::lab
