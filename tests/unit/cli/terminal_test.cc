// What a person sees on a terminal, and a program in a pipe, of the same answer of a daemon.
#include "cli/terminal.h"

#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "api/client.h"
#include "unit/cli/fake_daemon.h"
#include "unit/cli/run_cli.h"
#include "unit/cli/temporary_directory.h"

using namespace vpclab;
using tests::Output;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

api::Final failed() {
  api::Final final;
  final.exit = api::Exit::kFailed;
  final.errors = {"link eth0 \033[2J: no such device"};
  final.data = R"({"lab":"hello"})";
  return final;
}

struct Seen : tests::Ran {
  std::string request;
};

Seen ask(const std::vector<std::string>& words, Output output, const std::map<std::string, std::string>& environment,
         const std::vector<api::Event>& events) {
  const tests::TemporaryDirectory directory;
  std::vector<std::string> lines;
  for (const auto& event : events) {
    lines.push_back(api::encodeEvent(event));
  }
  tests::FakeDaemon daemon(directory.path(), lines);
  auto all = words;
  all.insert(all.end(), {"--run-dir", directory.path()});
  Seen seen{tests::runCli(all, output, environment), ""};
  seen.request = daemon.request();
  return seen;
}

const std::vector<api::Event> kHealing{
    api::Heading{"hello", "Stage 1"}, api::PlanEvent{2, {"+ link eth0", "2 changes"}},
    api::Progress{"apply", 1, 2},     api::Progress{"apply", 2, 2},
    api::TextLine{"what follows"},    failed()};

}  // namespace

TEST_CASE("in a pipe there is plain text and no progress") {
  const auto seen = ask({"heal"}, Output::kPipe, {}, kHealing);
  CHECK(seen.status == 1);
  CHECK(seen.out.starts_with("Stage 1\n+ link eth0\n2 changes\nApplied 2 changes in "));
  CHECK(seen.out.ends_with(" ms.\nwhat follows\n"));
  CHECK(seen.err == "vpclab: link eth0 \\x1b[2J: no such device\n");
  CHECK_FALSE(holds(seen.out, "\033"));
  CHECK(holds(seen.request, "POST /v1/heal "));
  CHECK(holds(seen.request, "\"colours\":false"));
}

TEST_CASE("of changes that failed it is not said that they were applied") {
  api::Final final = failed();
  final.data = R"({"lab":"hello","failure":{"done":1,"failed":1,"left_out":0}})";
  const auto seen =
      ask({"heal"}, Output::kPipe, {}, {api::Progress{"apply", 1, 2}, api::Progress{"apply", 2, 2}, final});
  CHECK(seen.status == 1);
  CHECK(seen.out.starts_with("Applied 1 of 2 changes in "));
}

TEST_CASE("a list that a failed answer does not have hides no error") {
  const auto seen = ask({"heal", "--json"}, Output::kPipe, {}, {api::Items{"/plan/steps", "[1]"}, failed()});
  CHECK(seen.status == 1);
  CHECK(holds(seen.out, "no such device"));
}

TEST_CASE("on a terminal there are colours, and progress that leaves nothing behind") {
  const auto seen = ask({"heal"}, Output::kTerminal, {}, kHealing);
  CHECK(seen.status == 1);
  CHECK(seen.out.starts_with("\033[1mStage 1\033[0m\n+ link eth0\n"));
  CHECK(seen.err.starts_with("\r\033[Kapply 1/2\r\033[Kapply 2/2\r\033[K"));
  CHECK(seen.err.ends_with("\033[31mvpclab:\033[0m link eth0 \\x1b[2J: no such device\n"));
  CHECK(holds(seen.request, "\"colours\":true"));
}

TEST_CASE("NO_COLOR and a dumb terminal take the colours, not the progress") {
  for (const std::map<std::string, std::string>& environment :
       {std::map<std::string, std::string>{{"NO_COLOR", "1"}}, std::map<std::string, std::string>{{"TERM", "dumb"}}}) {
    const auto seen = ask({"heal"}, Output::kTerminal, environment, kHealing);
    CHECK(seen.out.starts_with("Stage 1\n"));
    CHECK(seen.err.starts_with("\r\033[Kapply 1/2"));
    CHECK(seen.err.ends_with("\r\033[Kvpclab: link eth0 \\x1b[2J: no such device\n"));
    CHECK(holds(seen.request, "\"colours\":false"));
  }
}

TEST_CASE("with --json standard output is one document and nothing else") {
  const auto seen = ask({"heal", "--json"}, Output::kPipe, {}, kHealing);
  CHECK(seen.status == 1);
  CHECK(seen.err.empty());
  const auto document = nlohmann::json::parse(seen.out, nullptr, false);
  REQUIRE(document.is_object());
  CHECK(document["ok"] == false);
  CHECK(document["exit"] == 1);
  CHECK(document["lab"] == "hello");
  CHECK(document["errors"].size() == 1);
}

TEST_CASE("the lists that come ahead of the final are in its data") {
  api::Final final;
  final.data = R"({"plan":{"changes":3,"steps":[]}})";
  const std::vector<api::Event> events{api::Items{"/plan/steps", "[1,2]"}, api::Items{"/plan/steps", "[3]"}, final};
  const auto seen = ask({"drift", "--json"}, Output::kPipe, {}, events);
  const auto document = nlohmann::json::parse(seen.out, nullptr, false);
  REQUIRE(document.is_object());
  CHECK(document["plan"]["steps"] == nlohmann::json::array({1, 2, 3}));
}

TEST_CASE("the daemon's verdict is the exit status") {
  for (const auto exit :
       {api::Exit::kOk, api::Exit::kFailed, api::Exit::kBadInput, api::Exit::kDifferences, api::Exit::kCheckFailed}) {
    api::Final final;
    final.exit = exit;
    CHECK(ask({"drift"}, Output::kPipe, {}, {final}).status == static_cast<int>(exit));
  }
}

TEST_CASE("nothing is said to a daemon that is neither root's nor one's own") {
  if (::geteuid() != 0) {
    MESSAGE("only root can listen as somebody else");
    return;
  }
  constexpr uid_t kSomebody = 65'534;
  const tests::TemporaryDirectory directory;
  tests::FakeDaemon stranger(directory.path(), {api::encodeEvent(api::Final{})}, kSomebody);
  const auto ran = tests::runCli({"heal", "--run-dir", directory.path()});
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK(ran.err == "vpclab: " + api::socketPath(directory.path()) + " is served by user 65534\n");
  CHECK(stranger.request().empty());
}

TEST_CASE("a lab file that stands alone goes to the daemon as it is, which tells what is wrong with it") {
  const tests::TemporaryDirectory directory;
  const std::string file = directory.path() + "/alone.yaml";
  std::ofstream(file) << "lab: alone\nservres: {}\n";
  api::Final final;
  final.exit = api::Exit::kBadInput;
  final.diagnostics = {{base::Severity::kError, {file, 2, 1}, "said by the daemon", ""}};
  const auto seen = ask({"apply", file}, Output::kPipe, {}, {final});
  CHECK(seen.status == 2);
  CHECK(holds(seen.request, "servres"));
  CHECK(holds(seen.err, "said by the daemon"));
}

TEST_CASE("an answer that makes no sense is an error in words") {
  for (const std::vector<std::string>& lines : std::vector<std::vector<std::string>>{
           {},
           {"not JSON"},
           {"{}"},
           {R"({"event":"progress","phase":"apply","done":-1,"total":0})"},
           {R"({"event":"text","text":"and no more"})"},
           {api::encodeEvent(api::Items{"/no/such", "[1]"}), api::encodeEvent(api::Final{})},
           {api::encodeEvent(api::Items{"not a pointer", "[1]"}), api::encodeEvent(api::Final{})}}) {
    const tests::TemporaryDirectory own;
    const tests::FakeDaemon daemon(own.path(), lines);
    const auto ran = tests::runCli({"inspect", "--run-dir", own.path()});
    CHECK(ran.status != 0);
    CHECK(ran.status < 1000);
    CHECK(ran.err.starts_with("vpclab: ask the daemon: "));
  }
}

TEST_CASE("members of a type that nobody expects do no harm") {
  for (const char* data : {R"({"daemon_ends":"yes"})", R"({"daemon_ends":3,"profile":7})", R"({"profile":[1]})",
                           R"({"profile":[{"phase":1,"ms":"x","objects":-1}]})", R"({"profile_kinds":7})",
                           R"({"profile_kinds":[1,{"kind":1,"changes":-1,"read_ms":"x"}]})"}) {
    api::Final final;
    final.data = data;
    CAPTURE(data);
    CHECK(ask({"down", "hello"}, Output::kPipe, {}, {final}).status == 0);
    const std::string hello = std::string(VPCLAB_SOURCE_DIR) + "/labs/hello/lab.yaml";
    CHECK(ask({"apply", hello, "--profile"}, Output::kPipe, {}, {final}).status == 0);
  }
}

TEST_CASE("how long something will still take is told once that can be known") {
  using std::chrono::milliseconds;
  CHECK(cli::timeLeft(milliseconds(900), 10, 100).empty());
  CHECK(cli::timeLeft(milliseconds(5000), 0, 100).empty());
  CHECK(cli::timeLeft(milliseconds(5000), 100, 100).empty());
  CHECK(cli::timeLeft(milliseconds(2000), 20, 100) == "8 s left");
  CHECK(cli::timeLeft(milliseconds(10'000), 10, 100) == "1 min 30 s left");
}

TEST_CASE("the result is written as JUnit XML where that is asked for") {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path() + "/report.xml";
  api::Final final;
  final.exit = api::Exit::kCheckFailed;
  final.data = R"({"junit":"<testsuites/>\n"})";
  const auto seen = ask({"check", "--matrix", "--junit", path}, Output::kPipe, {}, {final});
  CHECK(seen.status == 4);
  CHECK(holds(seen.request, "\"matrix\":true"));
  CHECK(holds(seen.request, "\"junit\":true"));
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  CHECK(line == "<testsuites/>");

  const auto refused = ask({"check", "--junit", directory.path() + "/none/report.xml"}, Output::kPipe, {}, {final});
  CHECK(refused.status == 1);
  CHECK(holds(refused.err, "none/report.xml: No such file or directory"));
}
