#include "cli/lab_file.h"

#include "base/file.h"

namespace vpclab::cli {

namespace {

class DiskSource : public lab::FileSource {
 public:
  base::Result<std::string> read(const std::string& path, std::size_t maxBytes) override {
    return base::readFile(path, maxBytes);
  }
};

}  // namespace

lab::Loaded loadFromDisk(const std::string& path) {
  DiskSource disk;
  return lab::load(path, disk);
}

LoadedBundle loadBundle(const std::string& path) {
  if (auto text = base::readFile(path, lab::kMaxLabFileBytes); text && !lab::mayNameFiles(*text)) {
    return {{path, {{path, std::move(*text)}}}, {}, true};
  }
  auto loaded = loadFromDisk(path);
  LoadedBundle out;
  out.ok = loaded.ok();
  out.bundle = {path, std::move(loaded.files)};
  out.diagnostics = std::move(loaded.diagnostics);
  return out;
}

base::Diagnostics mistakesIn(const std::string& path) {
  auto loaded = loadFromDisk(path);
  return loaded.ok() ? base::Diagnostics() : std::move(loaded.diagnostics);
}

}  // namespace vpclab::cli
