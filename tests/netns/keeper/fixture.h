#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "keeper/client.h"

namespace vpclab::test {

inline base::Deadline soon(int milliseconds = 10'000) {
  return base::Deadline::after(base::Milliseconds(milliseconds));
}

// A run directory and namespaces of its own; the keeper and all of it go at the end.
class Lab {
 public:
  Lab();
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  const keeper::Address& address() const { return address_; }
  keeper::Launch launch() const;
  keeper::Client keeper() const;  // ensure()

  // Pins a new namespace with its loopback up; a second call for one name replaces the first.
  void addNetns(const std::string& node);
  std::string pin(const std::string& node) const;

 private:
  std::string directory_;
  keeper::Address address_;
};

// The PID namespace of a process, while this holds it: its number is nobody else's for as long, not even that of a
// namespace which another program makes when all processes in this one have ended.
class PidSpace {
 public:
  explicit PidSpace(pid_t pid);
  // Processes of the host that are alive in it.
  int members() const;

 private:
  base::UniqueFd fd_;
};

// Runs `action` with this thread in the namespace.
void inNetns(const std::string& pin, const std::function<void()>& action);
// Connects to 127.0.0.1 in the namespace and returns all that comes; empty: refused, or nothing within a second.
std::string fetch(const std::string& pin, std::uint16_t port);
bool eventually(const std::function<bool()>& condition, int milliseconds = 20000);
bool alive(pid_t pid);  // a zombie is dead
std::string slurp(const std::string& path);
// What a shell command prints.
std::string shell(const std::string& command);

state::Process balancer(const std::string& node, const std::vector<std::pair<std::string, std::uint16_t>>& listeners);
state::Process command(const std::string& node, const std::vector<std::string>& argv,
                       std::vector<state::PrivateFile> files = {});

}  // namespace vpclab::test
