#include "base/json_shape.h"

#include <string>

#include <doctest/doctest.h>

using vpclab::base::jsonShape;

TEST_CASE("how deep a JSON text nests, whatever its strings say") {
  CHECK(jsonShape("1").depth == 0);
  CHECK(jsonShape(R"({"a":[{}],"b":[]})").depth == 3);
  CHECK(jsonShape(R"(["[[[","\"[[{","\\",[]])").depth == 2);
  CHECK(jsonShape(std::string(100'000, '[')).depth == 100'000);
  CHECK(jsonShape("\"\\").depth == 0);
}

TEST_CASE("a JSON text has no more values than are counted, whatever its strings say") {
  CHECK(jsonShape("1").values == 1);
  CHECK(jsonShape("[1,2,3]").values >= 4);
  CHECK(jsonShape("[[],[],[]]").values >= 4);
  CHECK(jsonShape(R"({"a":{},"b":{}})").values >= 3);
  CHECK(jsonShape(R"(",,,[[[{{{\",,,")").values == 1);
}
