#include "daemon/exposition.h"

#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace vpclab::daemon {

namespace {

const char* nameOf(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kCounter:
      return "counter";
    case Exposition::Type::kGauge:
      return "gauge";
    case Exposition::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

// Back slash and line feed; in the value of a label the quotation mark too.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

// The shortest text that reads as the same number.
std::string numberText(double value) {
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  if (std::isnan(value)) {
    return "NaN";
  }
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

}  // namespace

void Exposition::family(std::string name, Type type, std::string help) {
  families_.push_back({std::move(name), type, std::move(help), {}});
}

void Exposition::sample(double value, Labels labels, std::string suffix) {
  families_.back().samples.push_back({std::move(suffix), std::move(labels), value});
}

std::string Exposition::text() const {
  std::string out;
  for (const auto& family : families_) {
    out += "# HELP " + family.name + " " + escaped(family.help, false) + "\n";
    out += "# TYPE " + family.name + " " + nameOf(family.type) + "\n";
    for (const auto& sample : family.samples) {
      out += family.name + sample.suffix;
      const char* separator = "{";
      for (const auto& [name, value] : sample.labels) {
        out += separator + name + "=\"" + escaped(value, true) + "\"";
        separator = ",";
      }
      out += (sample.labels.empty() ? " " : "} ") + numberText(sample.value) + "\n";
    }
  }
  return out;
}

nlohmann::json Exposition::json() const {
  auto out = nlohmann::json::array();
  for (const auto& family : families_) {
    auto samples = nlohmann::json::array();
    for (const auto& sample : family.samples) {
      auto labels = nlohmann::json::object();
      for (const auto& [name, value] : sample.labels) {
        labels[name] = value;
      }
      samples.push_back(
          {{"name", family.name + sample.suffix}, {"labels", std::move(labels)}, {"value", sample.value}});
    }
    out.push_back(
        {{"name", family.name}, {"type", nameOf(family.type)}, {"help", family.help}, {"samples", std::move(samples)}});
  }
  return out;
}

}  // namespace vpclab::daemon
