#include "lab/object.h"

#include <algorithm>
#include <cassert>

#include "base/text.h"
#include "lab/colon_hint.h"
#include "lab/range.h"
#include "lab/scalars.h"

namespace vpclab::lab {

Object::Object(Context& context, const Value& value, const Shape& shape, std::string id)
    : context_(context), value_(value), id_(std::move(id)) {
  for (const Field& field : shape.fields) {
    slots_.push_back({&field, nullptr});
  }
  const std::string what(shape.what);
  if (value.isNull()) {
    context.report.error(value.pos, what + " has no value",
                         "a map, as in {key: value}; {} where no key is needed; `~` removes what an extended file has");
    return;
  }
  if (!value.isMap()) {
    const std::string hint = colonHint(value.text);
    context.report.error(value.pos, what + " is a map, not " + std::string(nameOf(value.kind)),
                         hint.empty() ? "as in {key: value}" : hint);
    return;
  }
  readEntries(shape);
}

void Object::readEntries(const Shape& shape) {
  Report& report = context_.report;
  std::vector<const Slot*> refused;
  for (const Entry& entry : value_.entries) {
    Slot* known = nullptr;
    for (Slot& candidate : slots_) {
      known = candidate.field->key == entry.key ? &candidate : known;
    }
    if (known == nullptr) {
      std::vector<std::string_view> keys;
      for (const Field& field : shape.fields) {
        keys.push_back(field.key);
      }
      const std::string hint = report.suggest(entry.key, keys);
      report.error(entry.pos, std::string(shape.what) + " has no key " + quote(entry.key),
                   hint.empty() ? "known are " + listed(keys, "and") : hint);
    } else if (checkType(*entry.value, *known->field, "`" + entry.key + "`", report)) {
      known->entry = &entry;
      if (!id_.empty()) {
        context_.places.set(id_, entry.key, entry.value->pos);
      }
    } else {
      refused.push_back(known);
    }
  }
  for (const Slot& slot : slots_) {
    const bool told = std::find(refused.begin(), refused.end(), &slot) != refused.end();
    if (slot.field->required && slot.entry == nullptr && !told) {
      report.error(value_.pos, std::string(shape.what) + " needs the key `" + std::string(slot.field->key) + "`",
                   std::string(slot.field->hint));
    }
  }
}

const Object::Slot& Object::slot(std::string_view key) const {
  for (const Slot& slot : slots_) {
    if (slot.field->key == key) {
      return slot;
    }
  }
  assert(false && "a key that the shape does not have");
  return slots_.front();
}

bool Object::has(std::string_view key) const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [&](const Slot& slot) { return slot.field->key == key && slot.entry != nullptr; });
}

const Value* Object::get(std::string_view key) const {
  const Entry* entry = slot(key).entry;
  return entry == nullptr ? nullptr : entry->value.get();
}

SourcePos Object::pos(std::string_view key) const {
  const Value* value = get(key);
  return value == nullptr ? value_.pos : value->pos;
}

SourcePos Object::keyPos(std::string_view key) const {
  const Entry* entry = slot(key).entry;
  return entry == nullptr ? value_.pos : entry->pos;
}

std::string Object::text(std::string_view key, std::string_view otherwise) const {
  const Value* value = get(key);
  return value == nullptr ? std::string(otherwise) : value->text;
}

std::int64_t Object::integer(std::string_view key, std::int64_t otherwise) const {
  return base::parseInteger(text(key), INT64_MIN, INT64_MAX).value_or(otherwise);
}

bool Object::flag(std::string_view key, bool otherwise) const {
  return parseBool(text(key)).value_or(otherwise);
}

std::uint64_t Object::bandwidth(std::string_view key) const {
  return parseBandwidth(text(key)).value_or(0);
}

std::uint32_t Object::microseconds(std::string_view key) const {
  return parseDelay(text(key)).value_or(0);
}

std::uint32_t Object::loss(std::string_view key) const {
  return parseLoss(text(key)).value_or(0);
}

std::optional<Range> Object::range(std::string_view key) const {
  const Slot& known = slot(key);
  return known.entry == nullptr ? std::nullopt : parseRange(known.entry->value->text, *known.field);
}

std::chrono::milliseconds Object::duration(std::string_view key, std::chrono::milliseconds otherwise) const {
  return parseDuration(text(key)).value_or(otherwise);
}

std::uint32_t Object::size(std::string_view key, std::uint32_t otherwise) const {
  return parseSize(text(key)).value_or(otherwise);
}

std::optional<net::IpAddr> Object::address(std::string_view key) const {
  return net::IpAddr::parse(text(key));
}

std::optional<net::Prefix> Object::network(std::string_view key) const {
  return net::Prefix::parse(text(key));
}

std::string Object::reference(std::string_view key, std::initializer_list<Kind> kinds) const {
  const Value* value = get(key);
  const auto* named = value == nullptr ? nullptr : context_.names.resolve(*value, kinds, context_.report);
  return named == nullptr ? "" : named->id;
}

const std::vector<ValuePtr>& Object::list(std::string_view key) const {
  static const std::vector<ValuePtr> kNone;
  const Value* value = get(key);
  return value == nullptr ? kNone : value->items;
}

const std::vector<Entry>& Object::map(std::string_view key) const {
  static const std::vector<Entry> kNone;
  const Value* value = get(key);
  return value == nullptr ? kNone : value->entries;
}

}  // namespace vpclab::lab
