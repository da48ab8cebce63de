#include "cli/plan_file.h"

#include <filesystem>
#include <limits>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "api/json_reader.h"
#include "api/request.h"
#include "base/file.h"

namespace vpclab::cli {

using nlohmann::json;

namespace {

constexpr const char* kMark = "vpclab_plan";
// Of all that is in it, and so of how steps tell of objects (state/json.h): a plan is carried out if it is, word for
// word, the one that would be made now.
constexpr std::int64_t kVersion = 2;

// Also one that cannot be read: a link that leads nowhere.
bool isEmpty(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) != 0 || info.st_size == 0;
}

// A new file takes the name's place, and what had it is gone: that must not be a device such as /dev/null,
// nor what somebody has written: the lab's own file, by one wrong word.
base::Result<> mayReplace(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return {};  // none there, or the writing says why not
  }
  std::error_code problem;
  const auto folder = std::filesystem::weakly_canonical(std::filesystem::absolute(path).parent_path(), problem);
  if (!S_ISREG(info.st_mode) && !(S_ISLNK(info.st_mode) && !problem && folder != "/dev")) {
    return base::fail(base::ErrorKind::kInvalid, "--out " + path + ": it is there, and no regular file");
  }
  // A damaged one is a plan too.
  if (const auto plan = readPlanFile(path); plan && !*plan && !isEmpty(path)) {
    return base::fail(base::ErrorKind::kInvalid,
                      "--out " + path + ": it is there, and no plan; take another name, or remove it first");
  }
  return {};
}

}  // namespace

base::Result<> writePlanFile(const std::string& path, const PlanFile& plan) {
  if (auto allowed = mayReplace(path); !allowed) {
    return allowed;
  }
  const json document{{kMark, kVersion},
                      {"lines", plan.lines},
                      {"expected", json::parse(plan.expected, nullptr, false)},
                      {"bundle", api::bundleToJson(plan.bundle)}};
  return base::writeFileAtomically(path, api::dumpJson(document, 1) + "\n", 0600);
}

base::Result<std::optional<PlanFile>> readPlanFile(const std::string& path) {
  const auto text = base::readFile(path, api::kMaxRequestBytes);
  // What cannot be read is told by whoever reads lab files.
  if (!text || text->find(kMark) == std::string::npos) {
    return std::optional<PlanFile>();
  }
  const auto document = api::parseJson(*text, path);
  if (!document || !document->is_object() || document->find(kMark) == document->end()) {
    return std::optional<PlanFile>();
  }
  PlanFile out;
  std::int64_t version = 0;
  api::JsonReader reader(*document, path);
  reader.take(kMark, version, 1, std::numeric_limits<std::int64_t>::max());
  if (version > 0 && version != kVersion) {
    return base::fail(base::ErrorKind::kInvalid, path + ": kept by another release of vpclab (its format is " +
                                                     std::to_string(version) + ", this one's is " +
                                                     std::to_string(kVersion) + "); make a new plan");
  }
  reader.take("lines", out.lines);
  const json* expected = reader.member("expected");
  const json* bundle = reader.member("bundle");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  auto decoded = api::bundleFromJson(*bundle);
  if (!decoded) {
    return base::fail(std::move(decoded.error()).context(path));
  }
  out.bundle = std::move(*decoded);
  out.expected = api::dumpJson(*expected);
  return std::optional<PlanFile>(std::move(out));
}

base::Result<> isNoPlanFile(const std::string& path) {
  const auto plan = readPlanFile(path);
  if (!plan) {
    return base::fail(plan.error());
  }
  if (!*plan) {
    return {};
  }
  return base::fail(base::ErrorKind::kInvalid, path + ": is no lab file but a plan of " + (*plan)->bundle.path +
                                                   ", kept by `plan --out`; `vpclab apply " + path +
                                                   "` carries it out, or give the lab file");
}

}  // namespace vpclab::cli
