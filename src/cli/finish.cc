#include "cli/finish.h"

#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace vpclab::cli {

using nlohmann::json;

namespace {

void printJson(const api::Final& final) {
  json out = json::parse(final.data, nullptr, false);
  if (!out.is_object()) {
    out = json::object();
  }
  out["exit"] = static_cast<int>(final.exit);
  out["ok"] = final.exit == api::Exit::kOk;
  out["errors"] = final.errors;
  out["diagnostics"] = json::array();
  for (const auto& diagnostic : final.diagnostics) {
    out["diagnostics"].push_back({{"severity", diagnostic.severity == base::Severity::kError ? "error" : "warning"},
                                  {"file", diagnostic.pos.file},
                                  {"line", diagnostic.pos.line},
                                  {"column", diagnostic.pos.column},
                                  {"message", diagnostic.message},
                                  {"hint", diagnostic.hint}});
  }
  std::puts(api::dumpJson(out, 2).c_str());
}

}  // namespace

int finish(const Context& context, const api::Final& final) {
  if (context.json) {
    printJson(final);
    return static_cast<int>(final.exit);
  }
  (void)std::fflush(stdout);
  const bool colours = coloursOn(STDERR_FILENO);
  for (const auto& diagnostic : final.diagnostics) {
    std::fprintf(stderr, "%s\n", base::printable(diagnostic.toString()).c_str());
  }
  for (const auto& error : final.errors) {
    std::fprintf(stderr, "%s%s\n", colours ? "\033[31mvpclab:\033[0m " : "vpclab: ", base::printable(error).c_str());
  }
  return static_cast<int>(final.exit);
}

api::Final finalOf(const base::Error& error) {
  api::Final final;
  final.exit = error.kind() == base::ErrorKind::kInvalid ? api::Exit::kBadInput : api::Exit::kFailed;
  final.errors.push_back(error.message());
  return final;
}

int finish(const Context& context, const base::Error& error) {
  return finish(context, finalOf(error));
}

}  // namespace vpclab::cli
