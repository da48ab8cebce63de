#include "kernel/pin_watch.h"

#include <array>

#include <sys/inotify.h>
#include <unistd.h>

#include "kernel/pins.h"

namespace vpclab::kernel {

namespace {

// What is read at once; the rest waits for the next call.
constexpr int kMaxReads = 256;

}  // namespace

base::Result<PinWatch> PinWatch::open(std::string netnsDir) {
  base::UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) {
    return base::failErrno("open an inotify instance");
  }
  return PinWatch(std::move(netnsDir), std::move(fd));
}

base::Result<> PinWatch::follow(const std::string& lab) {
  labs_.insert(lab);
  // The directory may be there only since the first lab. The same watch again is no second one.
  if (::inotify_add_watch(fd_.get(), netnsDir_.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0) {
    return base::failErrno("watch " + netnsDir_);
  }
  return {};
}

std::set<std::string> PinWatch::changed() {
  std::set<std::string> out;
  alignas(inotify_event) std::array<char, 8192> data{};
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t size = ::read(fd_.get(), data.data(), data.size());
    if (size <= 0) {
      break;
    }
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(data.data() + at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0) {
        out = labs_;
        continue;
      }
      const std::string_view name = event->len == 0 ? "" : event->name;
      for (const auto& lab : labs_) {
        if (name.starts_with(std::string(kPinPrefix) + lab + ".")) {
          out.insert(lab);
        }
      }
    }
  }
  return out;
}

}  // namespace vpclab::kernel
