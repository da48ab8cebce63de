#include "daemon/serve.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <set>
#include <string>

#include <pthread.h>

#include "daemon/background.h"
#include "daemon/descriptor_table.h"
#include "daemon/engine.h"
#include "daemon/log.h"
#include "daemon/run_dir.h"
#include "daemon/server.h"
#include "daemon/supervisor.h"
#include "kernel/presence.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kLookTime{10};  // at one lab's namespaces, of which the first that is there is enough

// Waits for SIGTERM or SIGINT in a thread of its own, so that no code runs inside a signal handler. SIGUSR2, sent by
// the destructor to the thread alone, ends it; from anybody else it means nothing.
class SignalThread {
 public:
  explicit SignalThread(Server& server)
      : thread_([this, &server] {
          int signal = 0;
          do {
            if (::sigwait(&set(), &signal) != 0 || ending_) {
              return;
            }
          } while (signal == SIGUSR2);
          logInfo(std::string("ending: ") + (signal == SIGTERM ? "SIGTERM" : "SIGINT") + "; the labs stay up");
          server.stop();
        }) {}
  ~SignalThread() {
    ending_ = true;
    (void)::pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

  // Before any thread is started: they all inherit it.
  static void block() { (void)::pthread_sigmask(SIG_BLOCK, &set(), nullptr); }

 private:
  static const sigset_t& set() {
    static const sigset_t signals = [] {
      sigset_t out{};
      ::sigemptyset(&out);
      ::sigaddset(&out, SIGTERM);
      ::sigaddset(&out, SIGINT);
      ::sigaddset(&out, SIGUSR2);
      return out;
    }();
    return signals;
  }
  std::atomic<bool> ending_{false};  // before the thread, which reads it
  std::thread thread_;
};

// Labs of an earlier daemon are this one's now. They are watched, and otherwise left as they are.
void adopt(Engine& engine, Supervisor& supervisor, const std::set<std::string>& broughtBack) {
  const auto labs = engine.store().labs();
  if (!labs) {
    logError(labs.error().message());
    return;
  }
  for (const auto& lab : *labs) {
    if (!broughtBack.contains(lab)) {
      logInfo("lab " + lab + ": taken over as it is");
      supervisor.watch(lab);
    }
  }
}

// What of a kept lab is brought back, where it can be.
base::Result<> prepare(Engine& engine, const std::string& lab) {
  const auto kept = engine.kept().load(lab);
  if (!kept) {
    return base::fail(kept.error());
  }
  if (!*kept) {
    return base::fail(base::ErrorKind::kNotFound, "its file is not there");
  }
  const auto desired = loadBundle((*kept)->bundle);
  for (const auto& diagnostic : desired.diagnostics) {
    if (diagnostic.severity == base::Severity::kError) {
      return base::fail(base::ErrorKind::kInvalid, diagnostic.toString());
    }
  }
  if (desired.lab.name != lab || !desired.lab.restartAlways) {
    return base::fail(base::ErrorKind::kInvalid, "its file is of lab " + desired.lab.name +
                                                     (desired.lab.restartAlways ? "" : ", without `restart: always`"));
  }
  if (auto saved = engine.store().saveAllocations(lab, (*kept)->allocations); !saved) {
    return saved;
  }
  return engine.store().saveBundle(lab, (*kept)->bundle);
}

// Labs that an earlier boot had, and that want to be there after each. What is wrong with one keeps no other. The run
// directory may have outlived the boot, so that its word alone is not enough. Returns those that are brought back.
std::set<std::string> bringBack(Engine& engine, Supervisor& supervisor) {
  std::set<std::string> out;
  const auto kept = engine.kept().labs();
  if (!kept) {
    logError("labs kept for a restart: " + kept.error().message());
    return out;
  }
  for (const auto& lab : *kept) {
    const auto stored = engine.store().load(lab);
    const bool hasFile = stored && *stored;  // none, or half of one, is written anew
    const auto here = hasFile ? kernel::hasNamespaces(engine.options().runDir, engine.options().netnsDir, lab,
                                                      base::Deadline::after(kLookTime))
                              : false;
    if (!here) {
      logError("lab " + lab + ": whether it is there cannot be told: " + here.error().message());
    }
    if (!here || *here) {
      continue;
    }
    const auto ready = hasFile ? base::Result<>() : prepare(engine, lab);
    if (!ready) {
      logError("lab " + lab + ": it is kept for a restart, and cannot be brought back: " + ready.error().message() +
               "; apply it again, or take it down");
      continue;
    }
    logInfo("lab " + lab + ": brought back, for its file says `restart: always`");
    supervisor.bringBack(lab);
    out.insert(lab);
  }
  return out;
}

base::Result<bool> run(const Options& options, const RunDir& runDir, std::optional<Background>& background) {
  std::atomic<bool> lastLabGone = false;  // two may find out at once
  auto engine = Engine::make(options);
  if (!engine) {
    return base::fail(std::move(engine.error()));
  }
  auto listener = runDir.listen();
  if (!listener) {
    return base::fail(std::move(listener.error()));
  }
  auto server = Server::make(**engine, std::move(*listener));
  if (!server) {
    return base::fail(std::move(server.error()));
  }
  Supervisor supervisor(**engine);
  (*engine)->onChange = [&](const std::string& lab, bool up) { up ? supervisor.watch(lab) : supervisor.forget(lab); };
  (*engine)->requestEnd = [&] {
    lastLabGone = true;
    (*server)->stop();
  };
  adopt(**engine, supervisor, bringBack(**engine, supervisor));
  const SignalThread signals(**server);
  logInfo("serving in " + options.runDir);
  if (background) {
    background->ready();
  }
  (*server)->run();
  return lastLabGone.load();
}

}  // namespace

int serve(const Options& options, bool daemonize) {
  // A client that goes away is an error of one write, not the end of the daemon.
  (void)std::signal(SIGPIPE, SIG_IGN);
  std::optional<Background> background;
  const auto fail = [&](const base::Error& error) {
    if (background) {
      background->failed(error.message());
    } else {
      std::fprintf(stderr, "vpclabd: %s\n", error.message().c_str());
    }
    return 1;
  };
  if (daemonize) {
    auto entered = Background::enter();
    if (!entered) {
      return fail(entered.error());
    }
    background.emplace(std::move(*entered));
  }
  growDescriptorTable();
  auto runDir = RunDir::claim(options.runDir);
  if (!runDir) {
    return fail(runDir.error());
  }
  if (auto started = startLog(daemonize ? runDir->logPath() : std::string(), options.logLevel); !started) {
    return fail(started.error());
  }
  SignalThread::block();
  const auto lastLabGone = run(options, *runDir, background);
  if (!lastLabGone) {
    logError(lastLabGone.error().message());
    return fail(lastLabGone.error());
  }
  if (*lastLabGone) {
    runDir->removeAll();
  } else {
    runDir->removeSocket();
  }
  return 0;
}

}  // namespace vpclab::daemon
