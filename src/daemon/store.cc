#include "daemon/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "api/json_reader.h"
#include "base/file.h"
#include "daemon/allocations_json.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxStoredBytes = 64U << 20U;

std::string now() {
  const std::time_t when = std::time(nullptr);
  std::tm parts{};
  std::array<char, 40> text{};
  ::gmtime_r(&when, &parts);
  (void)std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

base::Result<std::optional<json>> readJson(const std::string& path) {
  auto text = base::readFile(path, kMaxStoredBytes);
  if (!text) {
    if (text.error().kind() == base::ErrorKind::kNotFound) {
      return std::optional<json>();
    }
    return base::fail(std::move(text.error()));
  }
  auto value = api::parseJson(*text, path);
  if (!value) {
    return base::fail(std::move(value.error()));
  }
  return std::optional<json>(std::move(*value));
}

}  // namespace

bool isLabName(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

base::Result<std::string> Store::directoryFor(const std::string& lab) const {
  if (!isLabName(lab)) {
    return base::fail(base::ErrorKind::kInvalid, "`" + lab.substr(0, 64) + "` is no name of a lab");
  }
  std::string path = labsDir_ + "/" + lab;
  if (::mkdir(path.c_str(), 0700) != 0) {
    return errno == EEXIST ? base::Result<std::string>(path) : base::failErrno("make " + path);
  }
  if (auto synced = base::syncDirectory(labsDir_); !synced) {
    return base::fail(std::move(synced.error()));
  }
  return path;
}

base::Result<std::optional<StoredLab>> Store::load(const std::string& lab) const {
  if (!isLabName(lab)) {
    return std::optional<StoredLab>();
  }
  const std::string directory = labsDir_ + "/" + lab;
  auto stored = readJson(directory + "/bundle.json");
  if (!stored) {
    return base::fail(std::move(stored.error()));
  }
  if (!*stored) {
    return std::optional<StoredLab>();
  }
  StoredLab out;
  api::JsonReader reader(**stored, directory + "/bundle.json");
  reader.take("applied_at", out.appliedAt);
  const json* bundle = reader.member("bundle");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  auto decoded = api::bundleFromJson(*bundle);
  if (!decoded) {
    return base::fail(std::move(decoded.error()).context(directory + "/bundle.json"));
  }
  out.bundle = std::move(*decoded);
  auto allocations = readJson(directory + "/allocations.json");
  if (!allocations) {
    return base::fail(std::move(allocations.error()));
  }
  if (*allocations) {
    auto given = allocationsFromJson(**allocations);
    if (!given) {
      return base::fail(std::move(given.error()).context(directory + "/allocations.json"));
    }
    out.allocations = std::move(*given);
  }
  return std::optional<StoredLab>(std::move(out));
}

base::Result<> Store::saveAllocations(const std::string& lab, const compile::Allocations& allocations) const {
  const auto directory = directoryFor(lab);
  if (!directory) {
    return base::fail(directory.error());
  }
  return base::writeFileAtomically(*directory + "/allocations.json", api::dumpJson(allocationsToJson(allocations), 1),
                                   0600);
}

base::Result<> Store::saveBundle(const std::string& lab, const api::Bundle& bundle) const {
  const auto directory = directoryFor(lab);
  if (!directory) {
    return base::fail(directory.error());
  }
  const json document{{"applied_at", now()}, {"bundle", api::bundleToJson(bundle)}};
  return base::writeFileAtomically(*directory + "/bundle.json", api::dumpJson(document), 0600);
}

base::Result<> Store::forget(const std::string& lab) const {
  if (!isLabName(lab)) {
    return base::fail(base::ErrorKind::kInvalid, "`" + lab.substr(0, 64) + "` is no name of a lab");
  }
  std::error_code problem;
  const auto removed = std::filesystem::remove_all(labsDir_ + "/" + lab, problem);
  if (problem) {
    return tl::make_unexpected(base::Error::fromErrno(problem.value(), "remove " + labsDir_ + "/" + lab));
  }
  // A lab that was taken down must not be there again after a loss of power.
  return removed == 0 ? base::Result<>() : base::syncDirectory(labsDir_);
}

base::Result<std::vector<std::string>> Store::labs() const {
  std::vector<std::string> out;
  std::error_code problem;
  for (auto it = std::filesystem::directory_iterator(labsDir_, problem);
       !problem && it != std::filesystem::directory_iterator(); it.increment(problem)) {
    const std::string name = it->path().filename();
    if (isLabName(name)) {
      out.push_back(name);
    }
  }
  if (problem) {
    return tl::make_unexpected(base::Error::fromErrno(problem.value(), "list " + labsDir_));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace vpclab::daemon
