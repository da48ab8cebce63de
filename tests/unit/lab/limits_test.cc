#include <chrono>

#include <doctest/doctest.h>

#include "unit/lab/sources.h"

using namespace vpclab;

namespace {

std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

// Loads it within a bounded time and returns the first error.
std::string refuse(const std::string& yaml) {
  const auto start = std::chrono::steady_clock::now();
  const auto loaded = test::loadText(yaml);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.diagnostics.size() <= 2001);
  return loaded.diagnostics.front().toString();
}

bool holds(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file that is too large") {
  CHECK(holds(refuse("lab: x\n" + repeat("# comment\n", lab::kMaxLabFileBytes / 10)), "too large; at most 4 MiB"));
}

TEST_CASE("a page that is too large") {
  const std::string yaml =
      "lab: x\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/8}}\n"
      "vxnets: {n: {vpc: v, cidr: 10.0.0.0/16}}\nservers: {s: {vxnet: n, http: {page: p}}}\n";
  CHECK(test::loadText(yaml, {{"p", std::string(lab::kMaxPageBytes, 'x')}}).ok());
  CHECK(test::textOf(test::loadText(yaml, {{"p", std::string(lab::kMaxPageBytes + 1, 'x')}}).diagnostics) ==
        "lab.yaml:5:38: error: \"p\" is too large; at most 1 MiB\n");
}

TEST_CASE("a page or a private file counts for each server that names it") {
  const std::string head =
      "lab: x\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/8}}\n"
      "vxnets: {n: {vpc: v, cidr: 10.0.0.0/16}}\nservers:\n";
  const std::map<std::string, std::string> files = {{"p", std::string(lab::kMaxPageBytes, 'x')}};
  const std::string why =
      "error: the pages and private files of all servers are too large; "
      "at most 16 MiB together, a file counted for each server that names it\n";
  std::string text = head;
  for (int i = 0; i < 16; ++i) {
    text += "  s" + std::to_string(10 + i) + ": {vxnet: n, http: {page: p}}\n";
  }
  CHECK(test::loadText(text, files).ok());
  CHECK(test::textOf(test::loadText(text + "  s26: {vxnet: n, http: {page: p}}\n", files).diagnostics) ==
        "lab.yaml:22:32: " + why);
  CHECK(test::textOf(test::loadText(text + "  s26: {vxnet: n, run: [x], files: {/a: p}}\n", files).diagnostics) ==
        "lab.yaml:22:41: " + why);
  CHECK(test::textOf(test::loadText(text + "  s26: {vxnet: n, http: {port: 80}}\n", files).diagnostics) ==
        "lab.yaml:22:25: " + why);
}

TEST_CASE("nesting, in every notation") {
  CHECK(holds(refuse(repeat("[", 300'000)), "nested too deeply"));
  CHECK(holds(refuse("a: " + repeat("[", 300) + repeat("]", 300)), "nested too deeply"));
  CHECK(holds(refuse(repeat("- ", 1'000'000)), "nested too deeply"));
  CHECK(holds(refuse(repeat("? ", 1'000'000)), "cannot be a key"));
  std::string stairs;
  for (std::size_t i = 0; i < 1000; ++i) {
    stairs += repeat(" ", i) + "a:\n";
  }
  CHECK(holds(refuse(stairs), "nested too deeply"));
}

TEST_CASE("brackets without end") {
  CHECK(holds(refuse(repeat("[", 4'000'000)), "nested too deeply"));
  CHECK(holds(refuse("a: [" + repeat("a,", 1'000'000)), "more than 500000 values"));
  CHECK(holds(refuse(repeat("{\"]\":", 600'000)), "nested too deeply"));
  CHECK(holds(refuse("a: [" + repeat("x, ", 300'000)), "did not find expected"));
}

TEST_CASE("directives, each of which the parser compares with all others") {
  std::string tags;
  for (int i = 0; i < 200'000; ++i) {
    tags += "%TAG !" + std::to_string(i) + "! !\n";
  }
  CHECK(refuse(tags + "---\nlab: x\n") == "lab.yaml:1:1: error: YAML tags are not supported; remove the line");
  CHECK(refuse("lab: x\n...\n" + tags) == "lab.yaml:3:1: error: YAML tags are not supported; remove the line");
  CHECK(lab::nameAhead(tags + "---\nlab: x\n").empty());
  CHECK(test::textOf(test::loadText("%YAML 1.1\n---\nlab: x\n").diagnostics) == "");
}

TEST_CASE("too many values") {
  std::string text;
  for (int i = 0; i < 300'000; ++i) {
    text += "k" + std::to_string(i) + ": v\n";
  }
  CHECK(holds(refuse(text), "the file is too large: more than 500000 values"));
}

TEST_CASE("aliases count each time: nodes, bytes and depth") {
  CHECK(holds(refuse("a: &a \"" + repeat("x", 1'000'000) + "\"\nb: [" + repeat("*a,", 1000) + "]\n"), "16 MiB"));
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  CHECK(holds(refuse(deep), "nested too deeply"));
}

TEST_CASE("past a thousand mistakes it gives up") {
  std::string text = "lab: x\nservers:\n";
  for (int i = 0; i < 30'000; ++i) {
    text += "  s" + std::to_string(i) + ": {vxnet: nowhere}\n";
  }
  const auto loaded = test::loadText(text);
  CHECK(loaded.diagnostics.size() == 1001);
  CHECK(holds(test::textOf(loaded.diagnostics), "error: more than 1000 mistakes"));
}

TEST_CASE("too many files") {
  std::string text =
      "lab: x\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/8}}\n"
      "vxnets: {n: {vpc: v, cidr: 10.0.0.0/16}}\nservers:\n";
  std::map<std::string, std::string> pages;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "p" + std::to_string(i) + ".html";
    pages[name] = "x";
    text += "  s" + std::to_string(i) + ": {vxnet: n, http: {page: " + name + "}}\n";
  }
  const auto loaded = test::loadText(text, pages);
  CHECK(holds(test::textOf(loaded.diagnostics), "the lab names too many files; at most 256"));
}

TEST_CASE("a large lab that is right loads") {
  std::string text = "lab: x\nregions: {r: {}}\nvpcs: {v: {region: r, cidr: 10.0.0.0/8}}\nvxnets:\n";
  for (int i = 0; i < 40; ++i) {
    text += "  n" + std::to_string(i) + ": {vpc: v, cidr: 10.0." + std::to_string(i) + ".0/24}\n";
  }
  text += "servers:\n";
  for (int i = 0; i < 5000; ++i) {
    text += "  s" + std::to_string(i) + ": {vxnet: n" + std::to_string(i / 125) + "}\n";
  }
  const auto loaded = test::loadText(text);
  CHECK(test::textOf(loaded.diagnostics) == "");
  CHECK(loaded.lab.servers.size() == 5000);
}
