// The command line from outside, where no daemon runs: usage, help, exit statuses.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/verb.h"
#include "unit/cli/run_cli.h"
#include "unit/cli/temporary_directory.h"

using namespace vpclab;
using tests::runCli;

namespace {

using Words = std::vector<std::string>;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every verb explains itself with examples, and gives JSON, all but exec") {
  const auto verbs = cli::allVerbs();
  CHECK(verbs.size() >= 14);
  for (const auto& verb : verbs) {
    const std::string name = verb->name();
    CAPTURE(name);
    const auto ran = runCli({name, "--help"});
    CHECK(ran.status == 0);
    CHECK(ran.err.empty());
    const auto examples = ran.out.find("Examples:\n");
    REQUIRE(examples != std::string::npos);
    const auto lines = base::split(std::string_view(ran.out).substr(examples), '\n');
    REQUIRE(lines.size() > 1);
    CHECK(holds(std::string(lines[1]), "vpclab " + name));
    CHECK_FALSE(holds(ran.out, "\\n"));
    for (const auto line : lines) {
      CHECK(base::displayWidth(line) <= 120);
    }
    CHECK(holds(ran.out, "--json") == (name != "exec"));
    CHECK(holds(runCli({"--help"}).out, "\n  " + name));
  }
}

TEST_CASE("bad usage is told on standard error alone, with the status for it") {
  const tests::TemporaryDirectory directory;
  const std::string runDir = directory.path();
  const std::vector<Words> wrong = {
      {},
      {"explode"},
      {"up"},
      {"apply"},
      {"plan"},
      {"validate"},
      {"up", "a.yaml", "b.yaml"},
      {"drift", "a", "b"},
      {"link", "set", "n", "--loss", "1%", "--delay", ""},
      {"heal", "a", "b"},
      {"check", "a", "b"},
      {"inspect", "a", "b"},
      {"logs"},
      {"logs", "a", "b"},
      {"doctor", "a"},
      {"version", "a"},
      {"down"},
      {"down", "a", "--all"},
      {"down", "a", "b"},
      {"forward"},
      {"forward", "0"},
      {"forward", "65536"},
      {"forward", "http"},
      {"forward", "8080", "--to"},
      {"link"},
      {"link", "set"},
      {"link", "get", "a"},
      {"link", "set", "a", "--up", "--down"},
      {"link", "set", "a", "--loss", "101%"},
      {"link", "set", "a", "--delay", "soon"},
      {"up", "lab.yaml", "--explode"},
      {"inspect", "--run-dir"},
  };
  for (const Words& words : wrong) {
    CAPTURE(base::join(words, " "));
    const auto ran = runCli(words, tests::Output::kPipe, {{"VPCLAB_RUN_DIR", runDir}});
    CHECK(ran.status == 2);
    CHECK(ran.out.empty());
    CHECK_FALSE(ran.err.empty());
  }
  // With what each verb needs, so that the option is all that is wrong.
  const std::map<std::string, Words> needed{{"up", {"a.yaml"}},       {"apply", {"a.yaml"}}, {"plan", {"a.yaml"}},
                                            {"validate", {"a.yaml"}}, {"forward", {"80"}},   {"link", {"set", "a"}},
                                            {"logs", {"a"}}};
  for (const auto& verb : cli::allVerbs()) {
    const std::string name = verb->name();
    if (name == "exec") {
      continue;  // what follows NODE is the command's
    }
    CAPTURE(name);
    Words words{name, "--no-such-option"};
    if (const auto found = needed.find(name); found != needed.end()) {
      words.insert(words.end(), found->second.begin(), found->second.end());
    }
    const auto ran = runCli(words);
    CHECK(ran.status == 2);
    CHECK(ran.out.empty());
    CHECK(holds(ran.err, "--no-such-option"));
  }
}

TEST_CASE("bad usage is told by what is wrong, and where to read more") {
  const std::vector<std::pair<Words, std::string>> told = {
      {{}, "vpclab: which verb? `vpclab --help` lists them\n"},
      {{"--run-dir", "/tmp"}, "vpclab: which verb? `vpclab --help` lists them\n"},
      {{"chek"}, "vpclab: no such verb: `chek`; did you mean `check`?\n"},
      {{"--run-dir", "up", "chek"}, "vpclab: no such verb: `chek`; did you mean `check`?\n"},
      {{"--run-dir=up", "explode", "a"}, "vpclab: no such verb: `explode`; `vpclab --help` lists them\n"},
      {{"help", "up"}, "vpclab: no such verb: `help`; `vpclab --help` lists them\n"},
      {{"di"}, "vpclab: no such verb: `di`; `vpclab --help` lists them\n"},  // one that is not for users
      {{"up"}, "vpclab: FILE is required; see `vpclab up --help`\n"},
      {{"up", "a", "up"}, "vpclab: The following argument was not expected: up; see `vpclab up --help`\n"},
      {{"--explode", "inspect"},
       "vpclab: The following argument was not expected: --explode; see `vpclab inspect --help`\n"},
  };
  for (const auto& line : told) {
    CAPTURE(base::join(line.first, " "));
    const auto ran = runCli(line.first);
    CHECK(ran.status == 2);
    CHECK(ran.err == line.second);
  }
}

TEST_CASE("bad usage with --json is a document, too") {
  for (const Words& words : std::vector<Words>{{"up", "--json"},
                                               {"--json"},
                                               {"explode", "--json"},
                                               {"up", "a", "b", "--json"},
                                               {"inspect", "--json", "--explode"},
                                               {"forward", "http", "--json"}}) {
    CAPTURE(base::join(words, " "));
    const auto ran = runCli(words);
    CHECK(ran.status == 2);
    CHECK(ran.err.empty());
    const auto document = nlohmann::json::parse(ran.out, nullptr, false);
    REQUIRE(document.is_object());
    CHECK(document["ok"] == false);
    CHECK(document["exit"] == 2);
    CHECK(document["errors"].size() == 1);
  }
}

TEST_CASE("the version as a document has what every document has") {
  const auto document = nlohmann::json::parse(runCli({"version", "--json"}).out, nullptr, false);
  REQUIRE(document.is_object());
  CHECK(document["ok"] == true);
  CHECK(document["exit"] == 0);
  CHECK(document["errors"].empty());
  CHECK(document["diagnostics"].empty());
  CHECK(document["api"] == 1);
  CHECK(document["version"].is_string());
}

TEST_CASE("a lab may be called as a verb is") {
  const tests::TemporaryDirectory directory;
  for (const Words& words : std::vector<Words>{{"inspect", "down"}, {"check", "check"}, {"down", "up"}}) {
    CAPTURE(base::join(words, " "));
    const auto ran = runCli(words, tests::Output::kPipe, {{"VPCLAB_RUN_DIR", directory.path()}});
    CHECK(ran.status == 1);
    CHECK(holds(ran.err, "no daemon answers"));
  }
}

TEST_CASE("exec keeps 125 for its own failures") {
  const tests::TemporaryDirectory directory;
  for (const Words& words :
       std::vector<Words>{{"exec"}, {"exec", "--json", "node"}, {"exec", "node"}, {"exec", "node", "--", "true"}}) {
    CAPTURE(base::join(words, " "));
    const auto ran = runCli(words, tests::Output::kPipe, {{"VPCLAB_RUN_DIR", directory.path()}});
    CHECK(ran.status == 125);
    CHECK(ran.out.empty());
    CHECK_FALSE(ran.err.empty());
  }
}

TEST_CASE("the words of exec's command reach it as they are") {
  for (const Words& command : std::vector<Words>{{"grep", "[0-9]"},
                                                 {"grep", "-v", "[[:digit:]]", "[a,b]"},
                                                 {"jq", "-n", R"([{"a":1},{"b":2}])", "[]", ""},
                                                 {"{}"},
                                                 {"[", "-e", "/tmp", "]"},
                                                 {"\x01", "\x01[a]", "[a,b"},
                                                 {"find", "--", "--lab", "exec", "[x,y]"}}) {
    for (const bool marked : {true, false}) {
      CAPTURE(base::join(command, " "));
      CLI::App app;
      auto* exec = app.add_subcommand("exec");
      cli::VerbOptions options(*exec);
      std::string lab;
      std::string node;
      Words got;
      options.option("--lab", lab, "");
      options.positional("NODE", node, "", true);
      options.command(got, "");
      Words line{"vpclab", "exec", "--lab", "[a,b]", "[c,d]"};
      if (marked) {
        line.emplace_back("--");
      }
      line.insert(line.end(), command.begin(), command.end());
      std::vector<char*> pointers;
      for (auto& word : line) {
        pointers.push_back(word.data());
      }
      auto words = cli::guardedWords(static_cast<int>(pointers.size()), pointers.data());
      std::reverse(words.begin(), words.end());
      app.parse(std::move(words));
      CHECK(lab == "[a,b]");
      CHECK(node == "[c,d]");
      // The mark comes along; the verb takes it away.
      if (!got.empty() && got.front() == "--") {
        got.erase(got.begin());
      }
      CHECK(got == command);
    }
  }
}

TEST_CASE("an empty run directory is bad usage, however it is said") {
  CHECK(runCli({"--run-dir", "", "inspect"}).status == 2);
  CHECK(runCli({"inspect", "--run-dir="}).status == 2);
  const auto long_ = runCli({"inspect", "--run-dir", "/" + std::string(200, 'x')});
  CHECK(long_.status == 2);
  CHECK(holds(long_.err, "too long"));
}

TEST_CASE("a file that is no lab is bad input, in words or as JSON") {
  const tests::TemporaryDirectory directory;
  for (const std::string verb : {"up", "apply", "plan", "validate"}) {
    CAPTURE(verb);
    const std::string missing = directory.path() + "/missing.yaml";
    const auto words = runCli({verb, missing, "--run-dir", directory.path()});
    CHECK(words.status == 2);
    CHECK(words.out.empty());
    CHECK(holds(words.err, "missing.yaml"));
    const auto json = runCli({verb, missing, "--json", "--run-dir", directory.path()});
    CHECK(json.status == 2);
    CHECK(json.err.empty());
    const auto document = nlohmann::json::parse(json.out, nullptr, false);
    REQUIRE(document.is_object());
    CHECK(document["ok"] == false);
    CHECK(document["exit"] == 2);
    CHECK(document["diagnostics"].size() == 1);
  }
}

TEST_CASE("an empty path is bad input") {
  const tests::TemporaryDirectory directory;
  for (const std::string verb : {"up", "apply", "plan", "validate"}) {
    CAPTURE(verb);
    const auto ran = runCli({verb, "", "--run-dir", directory.path()});
    CHECK(ran.status == 2);
    CHECK(holds(ran.err, "the path is empty"));
  }
}

TEST_CASE("where no daemon runs, what is wrong with the lab file is told first, and none is started for it") {
  const tests::TemporaryDirectory directory;
  const std::string file = directory.path() + "/alone.yaml";
  std::ofstream(file) << "lab: alone\nservres: {}\n";
  const std::string runDir = directory.path() + "/run";
  for (const Words& words : std::vector<Words>{{"up"}, {"apply"}, {"up", "--start-daemon"}, {"plan"}}) {
    CAPTURE(base::join(words, " "));
    Words all = words;
    all.insert(all.end(), {file, "--run-dir", runDir});
    const auto told = runCli(all);
    CHECK(told.status == 2);
    CHECK(holds(told.err, "alone.yaml:2:1: error: a lab has no key \"servres\""));
    CHECK_FALSE(holds(told.err, "daemon"));
    CHECK_FALSE(std::filesystem::exists(runDir));
  }
}

TEST_CASE("where no daemon runs, each verb that needs one says how to start it") {
  const tests::TemporaryDirectory directory;
  const std::string hello = std::string(VPCLAB_SOURCE_DIR) + "/labs/hello/lab.yaml";
  for (const Words& words : std::vector<Words>{{"up", hello},
                                               {"apply", hello},
                                               {"plan", hello},
                                               {"down", "hello"},
                                               {"drift"},
                                               {"heal"},
                                               {"check"},
                                               {"inspect"},
                                               {"forward", "8080"}}) {
    CAPTURE(base::join(words, " "));
    Words all = words;
    all.insert(all.end(), {"--run-dir", directory.path()});
    const auto told = runCli(all);
    CHECK(told.status == 1);
    CHECK(told.out.empty());
    CHECK(holds(told.err, "vpclabd --daemonize --run-dir " + directory.path()));
    all.emplace_back("--json");
    const auto json = runCli(all);
    CHECK(json.status == 1);
    CHECK(json.err.empty());
    CHECK(nlohmann::json::parse(json.out, nullptr, false).value("exit", 0) == 1);
  }
}

TEST_CASE("what needs no daemon works without one") {
  const auto version = runCli({"version"});
  CHECK(version.status == 0);
  CHECK(version.out == "vpclab " VPCLAB_VERSION "\n");
  CHECK(nlohmann::json::parse(runCli({"version", "--json"}).out, nullptr, false)["version"] == VPCLAB_VERSION);
  const std::string hello = std::string(VPCLAB_SOURCE_DIR) + "/labs/hello/lab.yaml";
  const auto valid = runCli({"validate", hello});
  CHECK(valid.status == 0);
  CHECK(holds(valid.out, "valid: lab hello"));
  const auto document = nlohmann::json::parse(runCli({"validate", hello, "--json"}).out, nullptr, false);
  REQUIRE(document.is_object());
  CHECK(document.value("ok", false));
  // The same counts as in words.
  const std::map<std::string, std::string> counts{{"vpcs", "VPCs"}, {"servers", "servers"}, {"checks", "checks"}};
  for (const auto& entry : counts) {
    const auto& key = entry.first;  // no structured binding, which clang 14 captures in no lambda
    const auto& words = entry.second;
    CAPTURE(key);
    CHECK(holds(valid.out, " " + std::to_string(document.value(key, 999)) + " " + words));
  }
}
