#include "api/json_reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json_shape.h"

namespace vpclab::api {

using nlohmann::json;

base::Result<json> parseJson(std::string_view text, const std::string& what) {
  if (base::jsonShape(text).depth > base::kMaxJsonDepth) {
    return base::fail(base::ErrorKind::kInvalid, what + ": nested deeper than " + std::to_string(base::kMaxJsonDepth));
  }
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    return base::fail(base::ErrorKind::kInvalid, what + ": not JSON");
  }
  return value;
}

std::string dumpJson(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

JsonReader::JsonReader(const json& value, std::string what) : json_(value), what_(std::move(what)) {
  if (!json_.is_object()) {
    error_ = base::Error(base::ErrorKind::kInvalid, what_ + ": an object is expected");
  }
}

void JsonReader::wrong(const char* name, const char* problem) {
  if (!error_) {
    error_ = base::Error(base::ErrorKind::kInvalid, what_ + ": member `" + name + "`: " + problem);
  }
}

const json* JsonReader::optionalMember(const char* name) {
  taken_.emplace_back(name);
  if (error_) {
    return nullptr;
  }
  const auto found = json_.find(name);
  return found == json_.end() ? nullptr : &*found;
}

const json* JsonReader::member(const char* name) {
  const json* found = optionalMember(name);
  if (found == nullptr) {
    wrong(name, "missing");
  }
  return found;
}

JsonReader& JsonReader::take(const char* name, std::string& out) {
  if (const json* value = member(name)) {
    if (value->is_string()) {
      out = value->get_ref<const std::string&>();
    } else {
      wrong(name, "a string is expected");
    }
  }
  return *this;
}

JsonReader& JsonReader::take(const char* name, bool& out) {
  if (const json* value = member(name)) {
    if (value->is_boolean()) {
      out = value->get<bool>();
    } else {
      wrong(name, "true or false is expected");
    }
  }
  return *this;
}

JsonReader& JsonReader::take(const char* name, std::int64_t& out, std::int64_t min, std::int64_t max) {
  if (const json* value = member(name)) {
    const bool fits =
        value->is_number_integer() &&
        (!value->is_number_unsigned() || value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (fits && value->get<std::int64_t>() >= min && value->get<std::int64_t>() <= max) {
      out = value->get<std::int64_t>();
    } else {
      wrong(name, "a whole number in range is expected");
    }
  }
  return *this;
}

JsonReader& JsonReader::take(const char* name, std::vector<std::string>& out) {
  if (const json* value = member(name)) {
    if (!value->is_array()) {
      wrong(name, "a list is expected");
      return *this;
    }
    for (const auto& item : *value) {
      if (!item.is_string()) {
        wrong(name, "a list of strings is expected");
        return *this;
      }
      out.push_back(item.get<std::string>());
    }
  }
  return *this;
}

base::Result<> JsonReader::finish() {
  if (!error_) {
    for (const auto& [name, value] : json_.items()) {
      if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) {
        error_ = base::Error(base::ErrorKind::kInvalid, what_ + ": unknown member `" + name.substr(0, 64) + "`");
        break;
      }
    }
  }
  if (error_) {
    return tl::make_unexpected(*error_);
  }
  return {};
}

}  // namespace vpclab::api
