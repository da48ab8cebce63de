#include "check/json_object.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "check/job.h"

namespace vpclab::check {

using nlohmann::json;

namespace {

const json kEmptyArray = json::array();

}  // namespace

JsonObject::JsonObject(const json& value, std::string what) : what_(std::move(what)) {
  if (value.is_object()) {
    object_ = &value;
  } else {
    refuse("is no object");
  }
}

void JsonObject::refuse(const std::string& why) {
  if (problem_.empty()) {
    problem_ = why;
  }
}

const json* JsonObject::optional(const char* key) {
  read_.emplace_back(key);
  if (object_ == nullptr) {
    return nullptr;
  }
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

const json* JsonObject::member(const char* key) {
  const json* value = optional(key);
  if (value == nullptr) {
    refuse(std::string("has no ") + key);
  }
  return value;
}

bool JsonObject::boolean(const char* key) {
  const json* value = member(key);
  if (value == nullptr || !value->is_boolean()) {
    refuse(std::string(key) + " is no boolean");
    return false;
  }
  return value->get<bool>();
}

std::uint64_t JsonObject::number(const char* key, std::uint64_t min, std::uint64_t max) {
  const json* value = member(key);
  if (value == nullptr || !value->is_number_integer() ||
      (!value->is_number_unsigned() && value->get<std::int64_t>() < 0)) {
    refuse(std::string(key) + " is no whole number");
    return min;
  }
  const auto out = value->get<std::uint64_t>();
  if (out < min || out > max) {
    refuse(std::string(key) + " is out of range");
    return min;
  }
  return out;
}

std::chrono::milliseconds JsonObject::span(const char* key) {
  return std::chrono::milliseconds(number(key, 1, static_cast<std::uint64_t>(kMaxWait.count())));
}

double JsonObject::real(const char* key) {
  const json* value = member(key);
  const double out = value != nullptr && value->is_number() ? value->get<double>() : -1;
  if (!std::isfinite(out) || out < 0) {
    refuse(std::string(key) + " is no number from 0 on");
    return 0;
  }
  return out;
}

std::string JsonObject::text(const char* key, std::size_t maxBytes) {
  const json* value = member(key);
  if (value == nullptr || !value->is_string()) {
    refuse(std::string(key) + " is no string");
    return {};
  }
  const auto& out = value->get_ref<const std::string&>();
  if (out.size() > maxBytes) {
    refuse(std::string(key) + " is too long");
    return {};
  }
  return out;
}

net::IpAddr JsonObject::address(const char* key) {
  const auto out = net::IpAddr::parse(text(key, 64));
  if (!out || !out->isV4()) {
    refuse(std::string(key) + " is no IPv4 address");
    return {};
  }
  return *out;
}

const json& JsonObject::array(const char* key, std::size_t maxElements) {
  const json* value = member(key);
  if (value == nullptr || !value->is_array() || value->size() > maxElements) {
    refuse(std::string(key) + " is no array, or too long");
    return kEmptyArray;
  }
  return *value;
}

base::Result<> JsonObject::finish() {
  if (object_ != nullptr) {
    for (const auto& [key, value] : object_->items()) {
      if (std::find(read_.begin(), read_.end(), key) == read_.end()) {
        refuse("has an unknown member");
      }
    }
  }
  if (!problem_.empty()) {
    return base::fail(base::ErrorKind::kProtocol, what_ + " " + problem_);
  }
  return {};
}

}  // namespace vpclab::check
