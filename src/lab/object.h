#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/context.h"
#include "lab/schema.h"
#include "lab/tree.h"

namespace vpclab::lab {

// A map of the file read by its shape. The constructor tells every unknown key, missing key, wrong type and value out
// of range; the accessors then give what was understood, and nothing or the default for the rest.
class Object {
 public:
  // `id`: under which the places of the values are kept; empty: they are not.
  Object(Context& context, const Value& value, const Shape& shape, std::string id = "");

  const SourcePos& pos() const { return value_.pos; }
  // False also for a key that the shape does not have.
  bool has(std::string_view key) const;
  // The place of the key's value, or of the map where it is missing.
  SourcePos pos(std::string_view key) const;
  SourcePos keyPos(std::string_view key) const;
  // The raw value, of the right type; null: missing or refused.
  const Value* get(std::string_view key) const;

  std::string text(std::string_view key, std::string_view otherwise = "") const;
  std::int64_t integer(std::string_view key, std::int64_t otherwise) const;
  bool flag(std::string_view key, bool otherwise) const;
  std::uint64_t bandwidth(std::string_view key) const;     // 0: not given
  std::uint32_t microseconds(std::string_view key) const;  // of a delay; 0: not given
  std::uint32_t loss(std::string_view key) const;          // in a million; 0: not given
  std::optional<Range> range(std::string_view key) const;  // in the unit of its field
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds otherwise) const;
  std::uint32_t size(std::string_view key, std::uint32_t otherwise) const;
  std::optional<net::IpAddr> address(std::string_view key) const;
  std::optional<net::Prefix> network(std::string_view key) const;
  // The id of the object that is named; empty after telling why.
  std::string reference(std::string_view key, std::initializer_list<Kind> kinds) const;
  const std::vector<ValuePtr>& list(std::string_view key) const;
  const std::vector<Entry>& map(std::string_view key) const;

 private:
  struct Slot {
    const Field* field;
    const Entry* entry;  // null: missing or refused
  };
  const Slot& slot(std::string_view key) const;
  void readEntries(const Shape& shape);

  Context& context_;
  const Value& value_;
  std::string id_;
  std::vector<Slot> slots_;
};

// Tells if the value does not have the field's type. `name` is what the message calls it.
bool checkType(const Value& value, const Field& field, const std::string& name, Report& report);

}  // namespace vpclab::lab
