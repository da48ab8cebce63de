#include "lab/files.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"

namespace vpclab::lab {
namespace {

std::string size(std::size_t bytes) {
  return bytes >= 1U << 20U ? std::to_string(bytes >> 20U) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

const std::string* Files::read(const std::string& path, std::size_t maxBytes, const SourcePos& pos) {
  if (const auto known = files_.find(path); known != files_.end()) {
    if (known->second.size() > maxBytes) {
      report_.error(pos, quote(path) + " is too large", "at most " + size(maxBytes));
      return nullptr;
    }
    return &known->second;
  }
  if (files_.size() >= kMaxFiles) {
    report_.error(pos, "the lab names too many files", "at most " + std::to_string(kMaxFiles));
    return nullptr;
  }
  auto content = source_.read(path, maxBytes);
  if (!content) {
    if (content.error().kind() == base::ErrorKind::kLimit) {
      report_.error(pos, quote(path) + " is too large", "at most " + size(maxBytes));
    } else if (content.error().kind() == base::ErrorKind::kNotFound) {
      report_.error(pos, "there is no file " + quote(path));
    } else {
      report_.error(pos, "cannot read " + quote(path) + ": " + base::printable(content.error().message()));
    }
    return nullptr;
  }
  if (content->size() > maxBytes || content->size() > kMaxTotalBytes - total_) {
    report_.error(pos, quote(path) + " is too large",
                  "at most " + size(maxBytes) + ", and " + size(kMaxTotalBytes) + " for all files together");
    return nullptr;
  }
  total_ += content->size();
  return &files_.emplace(path, std::move(*content)).first->second;
}

bool Files::charge(std::size_t bytes, const SourcePos& pos) {
  if (bytes > kMaxTotalBytes - used_) {
    report_.error(pos, "the pages and private files of all servers are too large",
                  "at most " + size(kMaxTotalBytes) + " together, a file counted for each server that names it");
    return false;
  }
  used_ += bytes;
  return true;
}

std::string Files::relativeTo(const std::string& from, const std::string& name, const SourcePos& pos) {
  if (name.empty() || name.front() == '/' || name.size() > 4096 || name.find('\n') != std::string::npos) {
    report_.error(pos, quote(name) + " is not a relative path", "paths are relative to the file that names them");
    return "";
  }
  return (std::filesystem::path(from).parent_path() / name).lexically_normal().string();
}

bool mayNameFiles(std::string_view text) {
  // The keys that do, wherever they stand; and what can write a key in other words: an escape.
  constexpr std::array<std::string_view, 4> kSigns{"extends", "page", "files", "\\"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return text.find(sign) != std::string_view::npos; });
}

base::Result<std::string> BundleSource::read(const std::string& path, std::size_t maxBytes) {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return base::fail(base::ErrorKind::kNotFound, "the bundle holds no file " + path);
  }
  if (found->second.size() > maxBytes) {
    return base::fail(base::ErrorKind::kLimit, path + " is too large");
  }
  return found->second;
}

}  // namespace vpclab::lab
