#include "keeper/worker_start.h"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/text.h"
#include "keeper/sandbox.h"
#include "keeper/wire.h"
#include "state/process_json.h"

namespace vpclab::keeper {

namespace {

// Workers run as users that nobody else is: systemd's range for dynamic users.
constexpr std::uint64_t kFirstUid = 61184;
constexpr std::uint64_t kLastUid = 65519;

constexpr std::uint64_t kUids = kLastUid - kFirstUid + 1;

}  // namespace

std::optional<FileIdentity> identityOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return std::nullopt;
  }
  return FileIdentity{info.st_dev, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

base::Result<WorkerUid> WorkerUid::take(Context* context, const std::string& wish) {
  const auto first = base::stableHash(context->lab + "/" + wish) % kUids;
  for (std::uint64_t i = 0; i < kUids; ++i) {
    const std::uint64_t uid = kFirstUid + (first + i) % kUids;
    if (context->workerUids.insert(uid).second) {
      return WorkerUid(context, uid);
    }
  }
  return base::fail(base::ErrorKind::kLimit, "a lab has at most " + std::to_string(kUids) + " workers");
}

WorkerUid& WorkerUid::operator=(WorkerUid&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(uid_, other.uid_);
  return *this;
}

WorkerUid::~WorkerUid() {
  context_->workerUids.erase(uid_);
}

base::Result<Worker> startWorker(Context* context, const OpenNetns* netns, std::uint64_t uid, OutputRing* output,
                                 LiveChild::Handlers handlers) {
  ChildPlan plan;
  plan.title = "run " + context->workerProgram;
  plan.netns = netns;
  plan.control = true;
  plan.keepFileLimit = true;
  plan.argv = {context->workerProgram, "serve", "--uid", std::to_string(uid)};
  plan.environment = baseEnvironment();
  Worker worker;
  // Looked at before it starts: a file that is replaced in between makes one restart too many, not one too few.
  worker.program = identityOf(context->workerProgram);
  auto child = LiveChild::start(plan, context, output, std::move(handlers));
  if (!child) {
    return base::fail(std::move(child.error()));
  }
  worker.child = std::move(*child);
  LiveChild* const self = worker.child.get();
  worker.link = std::make_unique<WorkerLink>(context->loop, self->takeControl(), [self] {
    // A worker without its control socket ends by itself; one that talks nonsense has to be ended.
    self->kill();
  });
  return worker;
}

void configureWorker(WorkerLink& link, const state::Process& process, const std::vector<SharedFd>& sockets, Done done) {
  const nlohmann::json message = {{"op", "configure"}, {"process", state::processToJson(process)}};
  link.send(message, sockets, [done = std::move(done)](base::Result<nlohmann::json> answer) {
    if (!answer) {
      done(base::fail(std::move(answer.error())));
    } else if (answer->value("ok", nlohmann::json(false)) != nlohmann::json(true)) {
      const auto text = stringMember(*answer, "error");
      done(base::fail(base::ErrorKind::kInvalid,
                      "the worker refused its configuration: " + (text ? base::printable(*text) : "without a reason")));
    } else {
      done({});
    }
  });
}

}  // namespace vpclab::keeper
