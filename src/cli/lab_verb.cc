#include <unistd.h>

#include "cli/ask.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

// A verb about a lab that is up: it names the lab, or nothing, and the daemon does the rest.
class LabVerb : public Verb {
 public:
  struct Words {
    api::LabVerb verb;
    const char* name;
    const char* help;
    const char* examples;
    const char* lab;  // what leaving the lab's name out means
  };
  explicit LabVerb(const Words& words) : words_(words) {}

  const char* name() const override { return words_.name; }
  const char* help() const override { return words_.help; }
  const char* examples() const override { return words_.examples; }
  void declare(VerbOptions& options) override { options.positional("LAB", lab_, words_.lab, false); }
  int run(const Context& context) override {
    AskOptions options;
    options.planDetail = PlanDetail::kSteps;
    return ask(context, api::LabRequest{words_.verb, lab_, coloursOn(STDOUT_FILENO)}, options);
  }

 private:
  const Words& words_;
  std::string lab_;
};

constexpr const char* kOnlyOne = "the lab's name; not needed where only one is up";

constexpr LabVerb::Words kDrift{api::LabVerb::kDrift, "drift", "show where the kernel differs from what was applied",
                                "  sudo vpclab drift\n"
                                "  sudo vpclab drift cross-region --json\n"
                                "Exit status: 0 no difference; 3 differences; 1 failed.",
                                kOnlyOne};
constexpr LabVerb::Words kHeal{api::LabVerb::kHeal, "heal", "put back what differs from what was applied",
                               "  sudo vpclab heal\n"
                               "  sudo vpclab heal cross-region\n"
                               "Exit status: 0 healed, or nothing to do; 1 failed.",
                               kOnlyOne};
constexpr LabVerb::Words kInspect{api::LabVerb::kInspect, "inspect",
                                  "show nodes, addresses, processes, tunnels and backends",
                                  "  sudo vpclab inspect\n"
                                  "  sudo vpclab inspect cross-region --json",
                                  "the lab's name; default: all of them"};

}  // namespace

std::unique_ptr<Verb> makeDrift() {
  return std::make_unique<LabVerb>(kDrift);
}
std::unique_ptr<Verb> makeHeal() {
  return std::make_unique<LabVerb>(kHeal);
}
std::unique_ptr<Verb> makeInspect() {
  return std::make_unique<LabVerb>(kInspect);
}

}  // namespace vpclab::cli
