#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

base::Result<> writeJunit(const std::string& path, const api::Final& final) {
  const auto data = nlohmann::json::parse(final.data, nullptr, false);
  const auto document = data.is_object() ? data.find("junit") : data.end();
  if (!data.is_object() || document == data.end() || !document->is_string()) {
    return {};  // it did not come to that; the end says why
  }
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << document->get_ref<const std::string&>();
  out.close();
  return out ? base::Result<>() : base::failErrno("write " + path);
}

class CheckVerb : public Verb {
 public:
  const char* name() const override { return "check"; }
  const char* help() const override { return "run the checks of a lab that is up, or ping from each server to each"; }
  const char* examples() const override {
    return "  sudo vpclab check\n"
           "  sudo vpclab check cross-region --json\n"
           "  sudo vpclab check --matrix               every server to every server, against what the lab says\n"
           "  sudo vpclab check --junit report.xml     for a CI system\n"
           "Exit status: 0 all is as expected; 4 something is not; 1 it could not be checked.";
  }
  void declare(VerbOptions& options) override {
    options.positional("LAB", lab_, "the lab's name; not needed where only one is up", false);
    options.flag("--matrix", matrix_, "in place of the lab's checks: every server pings every other one");
    options.option("--junit", junit_, "write the result to this file too, as JUnit XML");
  }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    if (!junit_.empty()) {
      options.onFinal = [this](const api::Final& final, const std::vector<std::string>&) {
        return writeJunit(junit_, final);
      };
    }
    return ask(context, api::CheckRequest{lab_, coloursOn(STDOUT_FILENO), matrix_, !junit_.empty()}, options);
  }

 private:
  std::string lab_;
  bool matrix_ = false;
  std::string junit_;
};

}  // namespace

std::unique_ptr<Verb> makeCheck() {
  return std::make_unique<CheckVerb>();
}

}  // namespace vpclab::cli
