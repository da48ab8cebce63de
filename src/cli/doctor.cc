#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/ask.h"
#include "cli/daemon_start.h"
#include "cli/finish.h"
#include "cli/verb.h"

namespace vpclab::cli {

namespace {

constexpr std::size_t kMaxOutput = 4U << 20U;

// `vpclabd doctor`, where no daemon answers.
base::Result<std::string> runDoctorProgram() {
  std::string program = programBeside("vpclabd");
  std::string verb = "doctor";
  std::array<char*, 3> arguments{program.data(), verb.data(), nullptr};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("pipe");
  }
  const base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (problem != 0) {
    return tl::make_unexpected(base::Error::fromErrno(problem, "start " + program));
  }
  std::string out;
  std::array<char, 16384> buffer{};
  while (out.size() < kMaxOutput) {
    const ssize_t n = ::read(reading.get(), buffer.data(), buffer.size());
    if (n > 0) {
      out.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return out;
}

int showDoctorProgram(const Context& context) {
  const auto output = runDoctorProgram();
  if (!output) {
    return finish(context, output.error());
  }
  for (const auto line : base::split(*output, '\n')) {
    const auto event = line.empty() ? base::Result<api::Event>(api::TextLine{}) : api::decodeEvent(std::string(line));
    if (!event) {
      return finish(context, event.error());
    }
    if (const auto* text = std::get_if<api::TextLine>(&*event); text != nullptr && !line.empty() && !context.json) {
      std::puts(text->text.c_str());
    }
    if (const auto* final = std::get_if<api::Final>(&*event)) {
      return finish(context, *final);
    }
  }
  return finish(context, base::Error(base::ErrorKind::kProtocol, "vpclabd doctor ended without a result"));
}

class DoctorVerb : public Verb {
 public:
  const char* name() const override { return "doctor"; }
  const char* help() const override { return "show what this machine can do for labs, and what to install"; }
  const char* examples() const override {
    return "  sudo vpclab doctor\n"
           "  sudo vpclab doctor --json\n"
           "Exit status: 0 everything works, one way or the other; 1 something does not.";
  }
  void declare(VerbOptions&) override {}
  int run(const Context& context) override {
    const auto client = api::Client::connect(context.runDir, base::Deadline::after(std::chrono::seconds(5)));
    if (!client && client.error().kind() == base::ErrorKind::kNotFound) {
      return showDoctorProgram(context);
    }
    return ask(context, api::DoctorRequest{});
  }
};

}  // namespace

std::unique_ptr<Verb> makeDoctor() {
  return std::make_unique<DoctorVerb>();
}

}  // namespace vpclab::cli
