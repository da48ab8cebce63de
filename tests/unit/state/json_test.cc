#include "state/json.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "unit/json_names.h"
#include "unit/state/objects.h"

using namespace vpclab;
using nlohmann::json;

TEST_CASE("each object says its kind; no private key, page or file is shown") {
  for (const auto& object : tests::oneOfEach()) {
    const state::Key key = keyOf(object);
    CAPTURE(key.toString());
    const json shown = state::toJson(object);
    REQUIRE(shown.is_object());
    CHECK(shown["kind"] == std::string(nameOf(key.kind)));
    CHECK(tests::misspelled(shown) == std::vector<std::string>());
    const std::string text = shown.dump();
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find(tests::key(7).toBase64()) == std::string::npos);
    CHECK(text.find(tests::key(7).toHex()) == std::string::npos);
  }
}

TEST_CASE("a state is a list in the order of keys, each with its key, object and origin") {
  state::State state;
  state.add(state::Bridge{"switch.r", "net"}, {"vxnet net", {"lab.yaml", 3, 5}});
  state.add(state::Netns{"switch.r"});
  const json shown = state::toJson(state);
  REQUIRE(shown.size() == 2);
  CHECK(shown[0]["key"] == json{{"kind", "netns"}, {"netns", "switch.r"}, {"name", ""}});
  CHECK(shown[0]["origin"].is_null());
  CHECK(shown[1]["object"]["name"] == "net");
  CHECK(shown[1]["origin"] == json{{"noun", "vxnet net"}, {"file", "lab.yaml"}, {"line", 3}, {"column", 5}});
  CHECK(state::toJson(state::State()) == json::array());
}

TEST_CASE("a key names its host only where it is another one") {
  CHECK_FALSE(state::toJson(state::Key{state::Kind::kVeth, "", "s", "eth0"}).contains("host"));
  CHECK(state::toJson(state::Key{state::Kind::kVeth, "h2", "s", "eth0"})["host"] == "h2");
}
