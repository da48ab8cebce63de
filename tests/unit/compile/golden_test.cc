// The plans of the tutorial's stages, from nothing and from the stage before, on both kinds of kernel, as text and as
// shell commands. VPCLAB_UPDATE_GOLDEN=1 rewrites the files; then read the difference.
#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

#include "plan/render.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

const std::string kGolden = std::string(VPCLAB_SOURCE_DIR) + "/tests/golden/plan/";

void compareWithGolden(const std::string& name, const std::string& text) {
  const std::string path = kGolden + name;
  if (std::getenv("VPCLAB_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(kGolden);
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream want;
  want << in.rdbuf();
  INFO("golden file " << name << "; VPCLAB_UPDATE_GOLDEN=1 rewrites it");
  CHECK(in.good());
  // Not CHECK(a == b): on a difference the whole plan twice is no help.
  CHECK_MESSAGE((text == want.str()), "differs from " << path);
}

void walk(const std::string& kernel, const state::Capabilities& capabilities) {
  state::State before;
  compile::Allocations allocations;
  for (const std::string stage : {"1", "2", "3a", "3b", "4a", "4b"}) {
    CAPTURE(stage);
    const lab::Loaded loaded = tests::loadLab("labs/cross-region/stage-" + stage + ".yaml");
    for (const auto& diagnostic : loaded.diagnostics) {
      FAIL(diagnostic.toString());
    }
    compile::Allocations next;
    CHECK(compile::allocate(loaded.lab, allocations, tests::CountedKeys(), next).empty());
    allocations = next;
    const compile::Compiled compiled = compile::compile(loaded.lab, capabilities, allocations);
    for (const auto& diagnostic : compiled.diagnostics) {
      FAIL(diagnostic.toString());
    }
    const plan::Plan whole = plan::diff(compiled.desired, {});
    const plan::Plan step = plan::diff(compiled.desired, before);
    compareWithGolden(kernel + "-" + stage + "-from-nothing.txt", plan::renderText(whole));
    compareWithGolden(kernel + "-" + stage + "-from-nothing.sh", plan::renderShell(whole, loaded.lab.name));
    compareWithGolden(kernel + "-" + stage + "-step.txt", plan::renderText(step));
    compareWithGolden(kernel + "-" + stage + "-step.sh", plan::renderShell(step, loaded.lab.name));
    before = compiled.desired;
  }
}

}  // namespace

TEST_CASE("the tutorial's plans on a full kernel") {
  walk("full", tests::fullKernel());
}

TEST_CASE("the tutorial's plans on a bare kernel") {
  walk("bare", tests::bareKernel());
}

TEST_CASE("an EIP on a server: its NAT and its routes") {
  const lab::Loaded loaded = tests::loadLab("labs/eip/lab.yaml");
  REQUIRE(loaded.ok());
  const plan::Plan plan = plan::diff(tests::compiled(loaded.lab, tests::bareKernel()).desired, {});
  compareWithGolden("bare-eip-from-nothing.txt", plan::renderText(plan));
  compareWithGolden("bare-eip-from-nothing.sh", plan::renderShell(plan, loaded.lab.name));
}

TEST_CASE("impaired lines, on both kinds of kernel") {
  const lab::Loaded loaded = tests::loadLab("labs/impaired/lab.yaml");
  REQUIRE(loaded.ok());
  for (const auto& [kernel, capabilities] :
       {std::pair("full", tests::fullKernel()), std::pair("bare", tests::bareKernel())}) {
    const compile::Compiled compiled = tests::compiled(loaded.lab, capabilities);
    CHECK(compiled.diagnostics.empty());
    const plan::Plan plan = plan::diff(compiled.desired, {});
    compareWithGolden(std::string(kernel) + "-impaired-from-nothing.txt", plan::renderText(plan));
    compareWithGolden(std::string(kernel) + "-impaired-from-nothing.sh", plan::renderShell(plan, loaded.lab.name));
  }
}
