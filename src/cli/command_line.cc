#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "api/client.h"
#include "base/text.h"
#include "cli/finish.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sudo vpclab up labs/cross-region/stage-1.yaml     bring a lab up and check it\n"
    "  sudo vpclab plan labs/cross-region/stage-2.yaml   what would change\n"
    "  sudo vpclab exec bj-server1 -- ping 172.17.1.2    run a command in a server\n"
    "  sudo vpclab down cross-region                     leave nothing\n"
    "`vpclab VERB --help` shows more. Exit status: 0 done; 1 failed; 2 bad input or usage;\n"
    "3 `plan` and `drift`: there are differences; 4 a check failed.";

// Two spellings of one directory must not be two daemons.
base::Result<> normaliseRunDir(std::string& runDir) {
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(runDir, problem);
  if (problem) {
    return base::fail(base::ErrorKind::kInvalid, "--run-dir `" + runDir + "`: " + problem.message());
  }
  runDir = absolute.lexically_normal();
  if (runDir.size() > 1 && runDir.back() == '/') {
    runDir.pop_back();
  }
  return {};
}

constexpr char kGuard = '\x01';

std::string unguarded(const std::string& word) {
  return !word.empty() && word.front() == kGuard ? word.substr(1) : word;
}

// The word in the verb's place, or nothing. Of the options that may stand before it one takes a value.
std::string verbWord(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--run-dir") {
      ++i;
    } else if (word.empty() || word.front() != '-') {
      return word;
    }
  }
  return "";
}

// What to tell of a line that was not understood; `verb` is null where there is none of that name.
std::string usageProblem(const std::vector<std::unique_ptr<Verb>>& verbs, const Verb* verb, const std::string& word,
                         const std::string& problem) {
  if (verb != nullptr) {
    return problem + "; see `vpclab " + verb->name() + " --help`";
  }
  if (word.empty()) {
    return problem.empty() ? "which verb? `vpclab --help` lists them" : problem + "; see `vpclab --help`";
  }
  std::vector<std::string_view> names;
  for (const auto& one : verbs) {
    if (!one->isHidden()) {
      names.emplace_back(one->name());
    }
  }
  const std::string near = base::nearest(word, names);
  return "no such verb: `" + word + "`; " +
         (near.empty() ? "`vpclab --help` lists them" : "did you mean `" + near + "`?");
}

// Half of what was to be told would be taken for all of it.
int whetherTold(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return status;
  }
  std::fprintf(stderr, "vpclab: standard output could not be written\n");
  const bool good = status == static_cast<int>(api::Exit::kOk) || status == static_cast<int>(api::Exit::kDifferences);
  return good ? static_cast<int>(api::Exit::kFailed) : status;
}

int parseAndRun(int argc, char** argv);

}  // namespace

std::vector<std::string> guardedWords(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  // Of exec alone, whose words are another program's.
  auto word = std::find(words.begin(), words.end(), "exec");
  for (; word != words.end(); ++word) {
    if (!word->empty() && (word->front() == '[' || word->front() == '{' || word->front() == kGuard)) {
      word->insert(word->begin(), kGuard);
    }
  }
  return words;
}

void VerbOptions::positional(const char* name, std::string& into, const char* help, bool required) {
  app_.add_option(name, into, help)->required(required)->transform(unguarded);
}

void VerbOptions::option(const char* name, std::string& into, const char* help) {
  // No option means anything by an empty value; it is a variable of the caller's shell that was not set.
  const CLI::Validator filled([](const std::string& value) { return value.empty() ? "an empty value" : std::string(); },
                              "");
  app_.add_option(name, into, help)->check(filled)->transform(unguarded);
}

void VerbOptions::flag(const char* name, bool& into, const char* help) {
  app_.add_flag(name, into, help);
}

void VerbOptions::command(std::vector<std::string>& into, const char* help) {
  app_.add_option("command", into, help)->required()->expected(1, -1)->transform(unguarded);
  app_.positionals_at_end();
}

std::vector<std::unique_ptr<Verb>> allVerbs() {
  std::vector<std::unique_ptr<Verb>> verbs;
  for (const auto make :
       {makeUp, makeApply, makeDown, makeValidate, makePlan, makeDrift, makeHeal, makeCheck, makeInspect, makeLogs,
        makeEvents, makeMetrics, makeExec, makeForward, makeLink, makeDoctor, makeVersion}) {
    verbs.push_back(make());
  }
  return verbs;
}

int runCommandLine(int argc, char** argv) {
  return whetherTold(parseAndRun(argc, argv));
}

namespace {

int parseAndRun(int argc, char** argv) {
  CLI::App app("vpclab: a cloud network on this host, from a file", "vpclab");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", VPCLAB_VERSION);
  Context context;
  context.runDir = api::kDefaultRunDir;
  app.add_option("--run-dir", context.runDir, "the daemon's run directory")
      ->envname("VPCLAB_RUN_DIR")
      ->capture_default_str();
  auto verbs = allVerbs();
  verbs.push_back(makeDial());
  std::vector<CLI::App*> apps;
  for (const auto& verb : verbs) {
    auto* one = app.add_subcommand(verb->name(), verb->help());
    one->footer(std::string("Examples:\n") + verb->examples());
    one->fallthrough();  // --run-dir behind the verb
    if (verb->isHidden()) {
      one->group("");
    }
    VerbOptions options(*one);
    verb->declare(options);
    if (verb->hasJson()) {
      one->add_flag("--json", context.json, "one JSON document on standard output, for programs");
    }
    apps.push_back(one);
  }
  try {
    auto words = guardedWords(argc, argv);
    std::reverse(words.begin(), words.end());  // as the library wants them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) {
      return app.exit(problem);  // help and version
    }
    const std::string word = verbWord(argc, argv);
    const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const auto& one) { return one->name() == word; });
    const Verb* known = verb == verbs.end() ? nullptr : verb->get();
    // Whether the library has come as far as to its own flag for this depends on what is wrong.
    context.json = (known == nullptr || known->hasJson()) &&
                   std::find(argv + 1, argv + argc, std::string("--json")) != argv + argc;
    const bool noVerb = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr;
    api::Final final;
    final.exit = api::Exit::kBadInput;
    final.errors.push_back(usageProblem(verbs, known, word, word.empty() && noVerb ? "" : problem.what()));
    const int status = finish(context, final);
    return known == nullptr ? status : known->usageStatus();
  }
  for (std::size_t i = 0; i < apps.size(); ++i) {
    if (!apps[i]->parsed()) {
      continue;
    }
    if (auto normal = normaliseRunDir(context.runDir); !normal) {
      (void)finish(context, normal.error());
      return verbs[i]->usageStatus();
    }
    return verbs[i]->run(context);
  }
  return 2;
}

}  // namespace

}  // namespace vpclab::cli
