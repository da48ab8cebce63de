#include "daemon/exposition.h"

#include <limits>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace vpclab::daemon {

TEST_CASE("metrics are written as Prometheus' text format demands") {
  Exposition out;
  out.family("a_total", Exposition::Type::kCounter, "A back \\ slash,\na line feed and a \" mark");
  out.sample(3, {{"x", "A back \\ slash,\na line feed and a \" mark"}, {"y", "北京"}});
  out.sample(0.125);
  out.family("b", Exposition::Type::kHistogram, "B");
  out.sample(1e17, {{"le", "+Inf"}}, "_bucket");
  out.sample(std::numeric_limits<double>::infinity(), {}, "_sum");
  CHECK(out.text() ==
        "# HELP a_total A back \\\\ slash,\\na line feed and a \" mark\n"
        "# TYPE a_total counter\n"
        "a_total{x=\"A back \\\\ slash,\\na line feed and a \\\" mark\",y=\"北京\"} 3\n"
        "a_total 0.125\n"
        "# HELP b B\n"
        "# TYPE b histogram\n"
        "b_bucket{le=\"+Inf\"} 1e+17\n"
        "b_sum +Inf\n");
  CHECK(out.json()[0]["samples"][0]["labels"]["y"] == "北京");
}

}  // namespace vpclab::daemon
