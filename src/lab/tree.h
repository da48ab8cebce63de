#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace vpclab::lab {

using base::SourcePos;

struct Value;
using ValuePtr = std::shared_ptr<const Value>;  // shared where the file uses an alias, and between stages

struct Entry {
  std::string key;
  SourcePos pos;  // of the key
  ValuePtr value;
};

// What a YAML file says, before anybody asks what it means: every value with its place.
struct Value {
  enum class Kind { kNull, kScalar, kList, kMap } kind = Kind::kNull;
  SourcePos pos;
  std::string text;             // of a scalar
  std::vector<ValuePtr> items;  // of a list
  std::vector<Entry> entries;   // of a map: in the file's order, keys unique
  // Of the whole subtree, aliases counted each time.
  std::size_t nodes = 1;
  std::size_t bytes = 0;  // of its scalars
  int height = 1;

  bool isNull() const { return kind == Kind::kNull; }
  bool isScalar() const { return kind == Kind::kScalar; }
  bool isList() const { return kind == Kind::kList; }
  bool isMap() const { return kind == Kind::kMap; }
};

// "a map", "a list", "a text", "nothing": for messages.
std::string_view nameOf(Value::Kind kind);

}  // namespace vpclab::lab
