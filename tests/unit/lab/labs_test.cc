#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "base/file.h"
#include "lab/extends.h"
#include "lab/schema.h"
#include "lab/yaml.h"
#include "unit/lab/sources.h"

using namespace vpclab;

namespace {

const std::string kLabs = VPCLAB_SOURCE_DIR "/labs";

std::set<std::string> shippedLabs() {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kLabs)) {
    if (entry.path().extension() == ".yaml") {
      out.insert(std::filesystem::relative(entry.path(), kLabs));
    }
  }
  return out;
}

// The tree as YAML again, every map's keys in another order.
void write(const lab::Value& value, std::mt19937& random, std::string& out) {
  if (value.isScalar()) {
    out += '"';
    for (const char c : value.text) {
      out += c == '"' || c == '\\' ? std::string("\\") + c : c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
    }
    out += '"';
  } else if (value.isList()) {
    out += '[';
    for (const auto& item : value.items) {
      write(*item, random, out);
      out += ", ";
    }
    out += ']';
  } else {
    auto entries = value.entries;
    std::shuffle(entries.begin(), entries.end(), random);
    out += '{';
    for (const auto& entry : entries) {
      out += '"' + entry.key + "\": ";
      write(*entry.value, random, out);
      out += ", ";
    }
    out += '}';
  }
}

}  // namespace

TEST_CASE("a lab that names files shows it, in whatever words") {
  for (const auto& name : shippedLabs()) {
    CAPTURE(name);
    test::DirectorySource source(kLabs);
    const auto loaded = lab::load(name, source);
    CHECK((lab::mayNameFiles(loaded.files.at(name)) || loaded.files.size() == 1));
  }
  CHECK(lab::mayNameFiles("{'extends': other.yaml}"));
  CHECK(lab::mayNameFiles("{\"ext\\u0065nds\": other.yaml}"));
  CHECK(lab::mayNameFiles("servers: {s: {http: {page: p.html}}}"));
  CHECK(lab::mayNameFiles("servers: {s: {run: [x], files: {/etc/x: x}}}"));
  CHECK_FALSE(lab::mayNameFiles("lab: alone\nservers: {s: {vxnet: n, http: {port: 80}}}\n"));
}

TEST_CASE("every shipped lab loads and nothing is said about it") {
  const auto labs = shippedLabs();
  CHECK(labs.size() >= 9);
  for (const auto& name : labs) {
    test::DirectorySource source(kLabs);
    const auto loaded = lab::load(name, source);
    CAPTURE(name);
    CHECK(test::textOf(loaded.diagnostics) == "");
    CHECK_FALSE(loaded.lab.checks.empty());
    CHECK_FALSE(loaded.lab.title.empty());
  }
}

TEST_CASE("the tutorial's stages are one lab, each with the heading of its section") {
  std::set<std::string> sections;
  for (const char* stage : {"1", "2", "3a", "3b", "4a", "4b"}) {
    test::DirectorySource source(kLabs);
    const auto loaded = lab::load(std::string("cross-region/stage-") + stage + ".yaml", source);
    CHECK(loaded.lab.name == "cross-region");
    sections.insert(loaded.lab.section);
  }
  CHECK(sections.size() == 6);
  CHECK_FALSE(sections.contains(""));
}

TEST_CASE("the order of keys does not matter") {
  std::mt19937 random(7);
  for (const auto& name : shippedLabs()) {
    CAPTURE(name);
    test::DirectorySource source(kLabs);
    const auto loaded = lab::load(name, source);
    lab::Report report;
    test::DirectorySource again(kLabs);
    lab::Files files(again, report);
    const auto tree = lab::readExtended(name, files, report);
    REQUIRE(tree);
    for (int round = 0; round < 5; ++round) {
      std::string text;
      write(*tree, random, text);
      // Pages are named relative to the lab file, so the text takes its place.
      auto bundle = loaded.files;
      bundle[name] = text;
      lab::BundleSource shuffled(bundle);
      const auto other = lab::load(name, shuffled);
      CHECK(test::textOf(other.diagnostics) == "");
      CHECK(test::dump(other.lab) == test::dump(loaded.lab));
    }
  }
}

TEST_CASE("labs/README.md explains every key that a lab file takes") {
  const auto text = base::readFile(kLabs + "/README.md", 1 << 20);
  REQUIRE(text);
  for (const auto* shape : lab::allShapes()) {
    for (const auto& field : shape->fields) {
      CAPTURE(std::string(shape->what));
      CAPTURE(std::string(field.key));
      CHECK(text->find("`" + std::string(field.key) + "`") != std::string::npos);
      for (const auto choice : field.choices) {
        CAPTURE(std::string(choice));
        CHECK(text->find(choice) != std::string::npos);
      }
    }
  }
}
