#include <cstdlib>
#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "base/file.h"
#include "unit/lab/sources.h"

using namespace vpclab;

// Every directory below tests/golden/lab/errors holds a lab.yaml that is wrong, and expected.txt with all that must be
// said about it. VPCLAB_UPDATE_GOLDEN=1 writes expected.txt anew: read the difference before you commit it.
TEST_CASE("what is said about each wrong lab") {
  const std::filesystem::path root = VPCLAB_SOURCE_DIR "/tests/golden/lab/errors";
  const bool update = std::getenv("VPCLAB_UPDATE_GOLDEN") != nullptr;
  std::set<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    cases.insert(entry.path());
  }
  CHECK(cases.size() >= 50);
  for (const auto& path : cases) {
    const std::string name = path.filename();
    CAPTURE(name);
    test::DirectorySource source(path);
    const auto loaded = lab::load("lab.yaml", source);
    const std::string said = test::textOf(loaded.diagnostics);
    CHECK_FALSE(said.empty());
    if (update) {
      CHECK(base::writeFileAtomically(path / "expected.txt", said, 0644));
      continue;
    }
    const auto expected = base::readFile(path / "expected.txt", 1 << 20);
    REQUIRE(expected);
    CHECK(said == *expected);
  }
}
