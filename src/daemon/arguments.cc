#include "daemon/arguments.h"

#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace vpclab::daemon {

namespace {

constexpr const char* kDefaultStateDir = "/var/lib/vpclab";

constexpr const char* kExamples =
    "Examples:\n"
    "  vpclabd --daemonize                          serve in the background until it is ended\n"
    "  vpclabd --daemonize --exit-after-last-lab    ... or until its last lab is down\n"
    "  vpclabd --daemonize --heal                   ... and undo what others change in its labs\n"
    "  vpclabd --run-dir /tmp/mine                  a second daemon beside the first; its log on standard error\n"
    "Signals: SIGTERM and SIGINT end the daemon; its labs stay up, and the next daemon takes them over.";

std::string ownPath() {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem).string();
}

}  // namespace

DaemonCommand parseArguments(int argc, char** argv) {
  CLI::App app("vpclabd: keeps labs as their files want them", "vpclabd");
  app.footer(kExamples);
  app.set_version_flag("--version", VPCLAB_VERSION);
  ServeCommand serve;
  bool foreground = false;
  app.add_option("--run-dir", serve.options.runDir, "where its socket, its log and its labs' files are")
      ->envname("VPCLAB_RUN_DIR")
      ->capture_default_str();
  app.add_option("--state-dir", serve.options.stateDir,
                 std::string("where labs with `restart: always` are kept for the next boot [") + kDefaultStateDir +
                     " for the default run directory, else none]")
      ->envname("VPCLAB_STATE_DIR");
  app.add_option("--netns-dir", serve.options.netnsDir, "where network namespaces are pinned")->capture_default_str();
  auto* background = app.add_flag("--daemonize", serve.daemonize, "go on in the background once clients can connect");
  app.add_flag("--foreground", foreground, "stay; the log goes to standard error (the default)")->excludes(background);
  app.add_flag("--exit-after-last-lab", serve.options.exitAfterLastLab, "end when the last lab goes down");
  app.add_flag("--heal", serve.options.heal, "heal a lab whenever somebody has changed it, less and less often");
  app.add_option("--log-level", serve.options.logLevel, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  // How the daemon starts itself over; no part of what users see.
  KeeperCommand keeper;
  auto* keeperApp = app.add_subcommand("keeper")->group("");
  keeperApp->add_option("--run-dir", keeper.runDir)->required();
  keeperApp->add_option("--lab", keeper.lab)->required();
  keeperApp->add_option("--worker", keeper.worker);
  keeperApp->add_option("--netns-dir", keeper.netnsDir)->default_val("/run/netns");
  const auto* doctor = app.add_subcommand("doctor")->group("");
  EnterCommand enter;
  auto* enterApp = app.add_subcommand("enter")->group("");
  enterApp->add_option("--pin", enter.pin)->required();
  enterApp->add_option("--node", enter.node)->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) {
      return EndNow{app.exit(problem)};  // help and version
    }
    (void)std::fprintf(stderr, "vpclabd: %s; see `vpclabd --help`\n", base::printable(problem.what()).c_str());
    return EndNow{2};
  }
  serve.options.program = ownPath();
  serve.options.workerProgram = std::filesystem::path(serve.options.program).replace_filename("vpclab-worker");
  if (keeperApp->parsed()) {
    if (keeper.worker.empty()) {
      keeper.worker = serve.options.workerProgram;
    }
    return keeper;
  }
  if (enterApp->parsed()) {
    return enter;
  }
  if (doctor->parsed()) {
    return DoctorCommand{};
  }
  // Its directory becomes /, and other processes ask for it by name.
  serve.options.runDir = std::filesystem::absolute(serve.options.runDir).lexically_normal();
  if (serve.options.runDir.size() > 1 && serve.options.runDir.back() == '/') {
    serve.options.runDir.pop_back();
  }
  if (!serve.options.stateDir.empty()) {
    serve.options.stateDir = std::filesystem::absolute(serve.options.stateDir).lexically_normal();
  } else if (serve.options.runDir == Options().runDir) {
    serve.options.stateDir = kDefaultStateDir;
  }
  return serve;
}

}  // namespace vpclab::daemon
