#include "keeper/netns.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/text.h"

namespace vpclab::keeper {

base::Result<std::string> NetnsPins::path(const std::string& node) const {
  const bool plain = !node.empty() && node.size() <= 128 && node.front() != '.' &&
                     std::all_of(node.begin(), node.end(), [](char c) { return c > ' ' && c < 127 && c != '/'; });
  if (!plain) {
    return base::fail(base::ErrorKind::kInvalid, "not a node's name: \"" + base::printable(node) + "\"");
  }
  return directory_ + "/vpclab." + lab_ + "." + node;
}

base::Result<OpenNetns> NetnsPins::open(const std::string& node) const {
  auto file = path(node);
  if (!file) {
    return base::fail(std::move(file.error()));
  }
  OpenNetns out;
  out.fd.reset(::open(file->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (!out.fd || ::fstat(out.fd.get(), &info) != 0) {
    return base::failErrno("open the namespace " + *file);
  }
  out.id = NetnsId{info.st_dev, info.st_ino};
  return out;
}

bool NetnsPins::isStill(const std::string& node, const NetnsId& id) const {
  const auto file = path(node);
  struct stat info = {};
  return file && ::stat(file->c_str(), &info) == 0 && NetnsId{info.st_dev, info.st_ino} == id;
}

base::Result<NetnsScope> NetnsScope::enter(int netns) {
  base::UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home) {
    return base::failErrno("open /proc/thread-self/ns/net");
  }
  if (::setns(netns, CLONE_NEWNET) != 0) {
    return base::failErrno("enter a network namespace");
  }
  return NetnsScope(std::move(home));
}

NetnsScope::~NetnsScope() {
  if (home_.valid() && ::setns(home_.get(), CLONE_NEWNET) != 0) {
    std::abort();
  }
}

}  // namespace vpclab::keeper
