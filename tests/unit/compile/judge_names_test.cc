// Which checks and backends are refused because another node would be asked than the one that they name.
#include "compile/judge_names.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

std::string judged(const std::string& rest) {
  lab::BundleSource source({{"lab.yaml", tests::sourceText("tests/labs/same-addresses.yaml") + rest}});
  const lab::Loaded loaded = lab::load("lab.yaml", source);
  CHECK(loaded.diagnostics.empty());
  std::string out;
  for (const auto& diagnostic : compile::judgeNames(loaded.lab, tests::allocated(loaded.lab))) {
    out += diagnostic.toString() + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("a check that another server would answer names both, and says what to do") {
  CHECK(
      judged("checks:\n"
             "  - ping: {from: blue-1, to: red-2}\n"
             "  - ping: {from: blue-a, to: red-2, expect: {loss: 100%}}\n"
             "  - path: {from: blue-1, to: red-2, through: [blue-a, br]}\n"
             "  - throughput: {from: blue-1, to: red-2, expect: 1mbit..}\n"
             "  - loss: {from: blue-1, to: red-1, expect: 100%}\n") ==
      "lab.yaml:39:5: error: ping from blue-1 to red-2: 10.2.1.2 is server blue-2 (lab.yaml:17:3) for blue-1, so that "
      "red-2 would not be asked; name blue-2 if it is meant, or give one of the two another address, or expect "
      "`unreachable`\n"
      "lab.yaml:40:5: error: ping from blue-a to red-2: 10.2.1.2 is server blue-2 (lab.yaml:17:3) for blue-a, so that "
      "red-2 would not be asked; name blue-2 if it is meant, or give one of the two another address, or expect "
      "`unreachable`\n"
      "lab.yaml:41:5: error: path from blue-1 to red-2: 10.2.1.2 is server blue-2 (lab.yaml:17:3) for blue-1, so that "
      "red-2 would not be asked; name blue-2 if it is meant, or give one of the two another address\n"
      "lab.yaml:42:5: error: throughput from blue-1 to red-2: 10.2.1.2 is server blue-2 (lab.yaml:17:3) for blue-1, so "
      "that red-2 would not be asked; name blue-2 if it is meant, or give one of the two another address\n"
      "lab.yaml:43:5: error: loss from blue-1 to red-1: 10.1.1.2 is server blue-1 (lab.yaml:16:3) itself, so that "
      "red-1 "
      "would not be asked; give one of the two another address\n");
}

TEST_CASE("a router may stand in for a server, too") {
  lab::Loaded loaded = tests::loadLab("labs/shared-border/lab.yaml");
  REQUIRE(loaded.ok());
  loaded.lab.checks = {{"", {}, lab::PingCheck{{"red-s", {}}, {"blue-at-200", {}}}}};
  const auto said = compile::judgeNames(loaded.lab, tests::allocated(loaded.lab));
  REQUIRE(said.size() == 1);
  CHECK(said[0].message.starts_with("ping from red-s to blue-at-200: 10.2.1.200 is border router south-br ("));
  CHECK(said[0].hint == "give one of the two another address, or expect `unreachable`");  // no check names a router
}

TEST_CASE("a backend that another server stands in for is told once, whoever checks it and whether it is used or not") {
  const std::string balancer =
      "  wrong-lb:\n"
      "    vxnet: blue-b-net\n"
      "    route_table: t\n"
      "    listeners:\n"
      "      tcp:\n"
      "        {protocol: tcp, port: 81, backends: [{server: blue-2, port: 80}, {server: red-1, port: 80}]}\n"
      "      web:\n"
      "        port: 80\n"
      "        backends: [{server: blue-1, port: 80}, {address: 10.2.1.2, port: 80}]\n"
      "        pools:\n"
      "          p:\n"
      "            backends: [{server: red-2, port: 80, disabled: true}]\n"
      "        rules: [{path: /p, pool: p}]\n"
      "route_tables: {t: {for: load_balancer, routes: [{to: 10.1.0.0/16, via: br}]}}\n";
  const std::string said =
      "lab.yaml:43:74: error: backend red-1 of listener tcp of load balancer wrong-lb: 10.1.1.2 is server blue-1 "
      "(lab.yaml:16:3) for wrong-lb, so that red-1 would not be asked; name blue-1 if it is meant, or give one of the "
      "two another address\n"
      "lab.yaml:49:24: error: backend red-2 of pool p of listener web of load balancer wrong-lb: 10.2.1.2 is server "
      "blue-2 (lab.yaml:17:3) for wrong-lb, so that red-2 would not be asked; name blue-2 if it is meant, or give one "
      "of the two another address\n";
  CHECK(judged(balancer) == said);
  CHECK(judged(balancer +
               "checks: [{backend: {load_balancer: wrong-lb, listener: tcp, server: red-1, expect: down}}]\n") == said);
}

TEST_CASE("a backend that nothing leads to is asked for itself, and one of the own tenant is") {
  CHECK(
      judged("  red-too: {vxnet: red-b-net, listeners: {web: {port: 80, backends: [{server: red-1, port: 80}, {server: "
             "red-2, port: 80}, {server: blue-1, port: 81}]}}}\n")
          .empty());
}

TEST_CASE("what is expected to be unreachable may have another's address, and an address is whoever has it") {
  CHECK(judged("checks:\n"
               "  - ping: {from: blue-1, to: red-2, expect: unreachable}\n"
               "  - ping: {from: blue-1, to: blue-2}\n"
               "  - ping: {from: blue-1, to: 10.2.1.2}\n"
               "  - ping: {from: red-1, to: red-2}\n"  // fails, but asks no other
               "  - ping: {from: internet, to: red-2, expect: unreachable}\n"
               "  - http: {from: blue-1, url: \"http://10.2.1.2/\"}\n")
            .empty());
}

TEST_CASE("all labs of the tree ask whom they name") {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(VPCLAB_SOURCE_DIR) + "/labs")) {
    if (entry.path().extension() == ".yaml") {
      const std::string path = std::filesystem::relative(entry.path(), VPCLAB_SOURCE_DIR).string();
      CAPTURE(path);
      const lab::Loaded loaded = tests::loadLab(path);
      REQUIRE(loaded.ok());
      CHECK(compile::judgeNames(loaded.lab, tests::allocated(loaded.lab)).empty());
    }
  }
}
