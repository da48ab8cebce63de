#include <cerrno>
#include <cstdio>

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/finish.h"
#include "cli/node_place.h"
#include "cli/remote_command.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

// As env(1) and ssh(1)-like tools tell their own failures from their command's.
constexpr int kOwnFailure = 125;
constexpr int kNotRunnable = 126;
constexpr int kNotFound = 127;

// /sys shows the network namespace that it was mounted in: a private mount namespace with a /sys of the node's own, as
// ip-netns(8) does; its host name tells people where they are.
base::Result<> dress(const NodePlace& place) {
  if (::unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0) {
    return base::failErrno("unshare mounts and host name");
  }
  if (::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) {
    return base::failErrno("keep mounts private");
  }
  struct statvfs info {};
  const bool readOnly = ::statvfs("/sys", &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
  if (::umount2("/sys", MNT_DETACH) != 0 ||
      ::mount(place.node.c_str(), "/sys", "sysfs", readOnly ? MS_RDONLY : 0, nullptr) != 0) {
    return base::failErrno("mount /sys of " + place.node);
  }
  if (::sethostname(place.node.data(), place.node.size()) != 0) {
    return base::failErrno("set the host name " + place.node);
  }
  return {};
}

class ExecVerb : public Verb {
 public:
  const char* name() const override { return "exec"; }
  const char* help() const override { return "run a command in a node"; }
  const char* examples() const override {
    return "  sudo vpclab exec bj-server1 -- ping -c 3 172.17.1.2\n"
           "  sudo vpclab exec 北京演示云服务器1 -- ip address\n"
           "  sudo vpclab exec --lab cross-region internet -- curl http://139.198.18.135/\n"
           "  sudo vpclab exec cross-region/bj-br1 -- bash\n"
           "It runs as whom you are: root keeps all its rights; a member of the group vpclab has his own and no "
           "capability,\n"
           "and the command ends with vpclab.\n"
           "Exit status: the command's; 125 vpclab itself failed; 126 the command cannot be run; 127 it was not found.";
  }
  bool hasJson() const override { return false; }
  int usageStatus() const override { return kOwnFailure; }
  void declare(VerbOptions& options) override {
    options.option("--lab", lab_, "the lab's name; not needed where the node's name is enough");
    options.positional("NODE", node_, "the node's id or title, or LAB/NODE", true);
    options.command(command_, "the command and its arguments, behind --");
  }
  int run(const Context& context) override {
    // The separator itself comes along where it follows a positional.
    if (command_.front() == "--") {
      command_.erase(command_.begin());
    }
    if (command_.empty()) {
      return failed(context, base::Error(base::ErrorKind::kInvalid, "exec: no command behind --"));
    }
    return ::geteuid() == 0 ? runHere(context) : runByDaemon(context);
  }

 private:
  // Root's way: what it starts is this very process, with all that it has.
  int runHere(const Context& context) {
    const auto place = askForPlace(context, api::NodeRequest{lab_, node_});
    if (!place) {
      return failed(context, place.error());
    }
    if (auto entered = enterNetns(*place); !entered) {
      return failed(context, entered.error());
    }
    if (auto dressed = dress(*place); !dressed) {
      return failed(context, dressed.error());
    }
    std::vector<char*> arguments;
    for (auto& argument : command_) {
      arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    const int problem = errno;
    (void)finish(context, base::Error::fromErrno(problem, "run " + command_.front()));
    return problem == ENOENT ? kNotFound : kNotRunnable;
  }

  int runByDaemon(const Context& context) {
    auto command = commandOf(std::move(command_));
    if (!command) {
      return failed(context, command.error());
    }
    const auto ended = runRemotely(context, api::ExecRequest{lab_, node_}, std::move(*command),
                                   {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
    if (!ended) {
      return failed(context, ended.error());
    }
    if (!ended->error.empty()) {
      (void)finish(context, base::Error(base::ErrorKind::kSystem, ended->error));
    }
    return ended->status;
  }

  static int failed(const Context& context, const base::Error& error) {
    (void)finish(context, error);
    return kOwnFailure;
  }

  std::string lab_;
  std::string node_;
  std::vector<std::string> command_;
};

}  // namespace

std::unique_ptr<Verb> makeExec() {
  return std::make_unique<ExecVerb>();
}

}  // namespace vpclab::cli
