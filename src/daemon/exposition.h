#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace vpclab::daemon {

// Metrics as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/, text, version 0.0.4.
class Exposition {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::vector<std::pair<std::string, std::string>>;
  enum class Type { kCounter, kGauge, kHistogram };

  // The samples that follow are the family's. Each name once.
  void family(std::string name, Type type, std::string help);
  // `suffix`: "_bucket", "_sum" or "_count" of a histogram.
  void sample(double value, Labels labels = {}, std::string suffix = {});

  std::string text() const;
  // [{"name", "type", "help", "samples": [{"name", "labels": {...}, "value"}]}]
  nlohmann::json json() const;

 private:
  struct Sample {
    std::string suffix;
    Labels labels;
    double value;
  };
  struct Family {
    std::string name;
    Type type;
    std::string help;
    std::vector<Sample> samples;
  };
  std::vector<Family> families_;
};

}  // namespace vpclab::daemon
