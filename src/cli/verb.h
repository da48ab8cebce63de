#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"

namespace CLI {  // NOLINT(readability-identifier-naming): that of the library
class App;
}

namespace vpclab::cli {

// The command line of one verb, as the verb declares it. What is declared must outlive the parsing.
class VerbOptions {
 public:
  explicit VerbOptions(CLI::App& app) : app_(app) {}
  void positional(const char* name, std::string& into, const char* help, bool required);
  void option(const char* name, std::string& into, const char* help);
  void flag(const char* name, bool& into, const char* help);
  // Everything behind "--", or behind the last positional.
  void command(std::vector<std::string>& into, const char* help);

 private:
  CLI::App& app_;
};

class Verb {
 public:
  virtual ~Verb() = default;
  virtual const char* name() const = 0;
  virtual const char* help() const = 0;      // one line
  virtual const char* examples() const = 0;  // lines for --help
  virtual bool hasJson() const { return true; }
  virtual bool isHidden() const { return false; }  // how vpclab starts itself over; no part of what users see
  virtual int usageStatus() const { return 2; }    // the exit status for bad usage
  virtual void declare(VerbOptions& options) = 0;
  // Returns the exit status.
  virtual int run(const Context& context) = 0;
};

// In the order of --help.
std::vector<std::unique_ptr<Verb>> allVerbs();

std::unique_ptr<Verb> makeUp();
std::unique_ptr<Verb> makeApply();
std::unique_ptr<Verb> makeDown();
std::unique_ptr<Verb> makeValidate();
std::unique_ptr<Verb> makePlan();
std::unique_ptr<Verb> makeDrift();
std::unique_ptr<Verb> makeHeal();
std::unique_ptr<Verb> makeCheck();
std::unique_ptr<Verb> makeInspect();
std::unique_ptr<Verb> makeLogs();
std::unique_ptr<Verb> makeEvents();
std::unique_ptr<Verb> makeMetrics();
std::unique_ptr<Verb> makeExec();
std::unique_ptr<Verb> makeForward();
std::unique_ptr<Verb> makeLink();
std::unique_ptr<Verb> makeDial();
std::unique_ptr<Verb> makeDoctor();
std::unique_ptr<Verb> makeVersion();

// The words behind the program's name, for the parser, which would take those in brackets apart: "[a,b]" is two words
// to it. VerbOptions gives them back as they were.
std::vector<std::string> guardedWords(int argc, char** argv);

// The whole command line: finds the verb and runs it.
int runCommandLine(int argc, char** argv);

}  // namespace vpclab::cli
