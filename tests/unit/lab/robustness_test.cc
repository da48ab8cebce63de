#include <chrono>
#include <filesystem>
#include <random>

#include <doctest/doctest.h>

#include "base/text.h"
#include "unit/lab/sources.h"

using namespace vpclab;

namespace {

// One byte or one piece of text is changed, taken out, doubled or moved.
void mutate(std::string& text, std::mt19937& random) {
  static const std::string kSpecial = "{}[],:&*!|>'\"%@`#-?~ \n\t\\0\xff\x80";
  if (text.empty()) {
    text = "x";
    return;
  }
  const auto at = random() % text.size();
  const auto length = 1 + random() % 20;
  switch (random() % 6) {
    case 0:
      text[at] = static_cast<char>(random() % 256);
      break;
    case 1:
      text[at] = kSpecial[random() % kSpecial.size()];
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(at, 1, kSpecial[random() % kSpecial.size()]);
      break;
    case 4:
      text.insert(random() % text.size(), text.substr(at, length));
      break;
    default:
      text.resize(at);
  }
}

}  // namespace

// No fuzzer is needed for this one; its seed is fixed, so that a failure comes back.
TEST_CASE("labs with random damage are refused or loaded, never crash or hang") {
  std::mt19937 random(20240501);
  for (const char* name : {"cross-region/stage-4b.yaml", "eip/lab.yaml", "apache/lab.yaml"}) {
    test::DirectorySource source(VPCLAB_SOURCE_DIR "/labs");
    const auto original = lab::load(name, source);
    std::vector<std::string> paths;
    for (const auto& [path, content] : original.files) {
      if (path.ends_with(".yaml")) {
        paths.push_back(path);
      }
    }
    for (int round = 0; round < 1000; ++round) {
      auto files = original.files;
      auto& text = files[paths[random() % paths.size()]];
      const auto changes = 1 + random() % 4;
      for (std::size_t i = 0; i < changes; ++i) {
        mutate(text, random);
      }
      CAPTURE(text);
      const auto start = std::chrono::steady_clock::now();
      lab::BundleSource damaged(files);
      const auto loaded = lab::load(name, damaged);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
      CHECK((lab::mayNameFiles(files.at(name)) || loaded.files.size() <= 1));
      for (const auto& diagnostic : loaded.diagnostics) {
        CHECK(base::isValidUtf8(diagnostic.toString()));
        CHECK(base::printable(diagnostic.toString()) == diagnostic.toString());
      }
    }
  }
}
