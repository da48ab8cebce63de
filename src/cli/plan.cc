#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "cli/ask.h"
#include "cli/finish.h"
#include "cli/lab_file.h"
#include "cli/plan_file.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

class PlanVerb : public Verb {
 public:
  const char* name() const override { return "plan"; }
  const char* help() const override { return "show what an apply would change, and why; changes nothing"; }
  const char* examples() const override {
    return "  sudo vpclab plan labs/cross-region/stage-2.yaml\n"
           "  sudo vpclab plan labs/cross-region/stage-2.yaml --shell    also as commands of ip, nft and wg\n"
           "  sudo vpclab plan labs/cross-region/stage-2.yaml --out stage-2.plan    keep the plan, and later:\n"
           "  sudo vpclab apply stage-2.plan\n"
           "Below a change stands, behind a `!`, what it does to traffic that is there.\n"
           "Exit status: 0 no changes; 3 changes not applied yet; 1 failed; 2 bad input.";
  }
  void declare(VerbOptions& options) override {
    options.positional("FILE", file_, "the lab file", true);
    options.flag("--shell", shell_, "also as a shell script");
    options.option("--out", out_, "keep the plan in this file, for `apply`; pages and private files are in it");
  }
  int run(const Context& context) override {
    if (auto labFile = isNoPlanFile(file_); !labFile) {
      return finish(context, labFile.error());
    }
    auto loaded = loadBundle(file_);
    if (!loaded.ok) {
      return finish(context, api::Final{api::Exit::kBadInput, {}, std::move(loaded.diagnostics), "{}"});
    }
    AskOptions options;
    options.mistakes = [this] { return mistakesIn(file_); };
    options.planDetail = PlanDetail::kSteps;
    if (!out_.empty()) {
      options.onFinal = [&](const api::Final& final, const std::vector<std::string>& lines) {
        return keep(final, lines, loaded.bundle);
      };
    }
    return ask(context, api::PlanRequest{loaded.bundle, shell_, !out_.empty(), context.json}, options);
  }

 private:
  base::Result<> keep(const api::Final& final, const std::vector<std::string>& lines, const api::Bundle& bundle) const {
    const auto data = nlohmann::json::parse(final.data, nullptr, false);
    const auto saved = data.find("saved");
    if (saved == data.end()) {
      return {};  // there is no plan, and the answer says why
    }
    return writePlanFile(out_, {bundle, api::dumpJson(*saved), lines});
  }

  std::string file_;
  std::string out_;
  bool shell_ = false;
};

}  // namespace

std::unique_ptr<Verb> makePlan() {
  return std::make_unique<PlanVerb>();
}

}  // namespace vpclab::cli
