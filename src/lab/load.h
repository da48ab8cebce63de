#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/result.h"
#include "lab/lab.h"

namespace vpclab::lab {

// Where load() gets its bytes: the CLI reads the disk with the caller's rights, the daemon reads only what a client
// sent.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Errors: kNotFound, kPermission, kLimit (more than maxBytes).
  virtual base::Result<std::string> read(const std::string& path, std::size_t maxBytes) = 0;
};

// Limits of an input; past them it is refused, with the place.
inline constexpr std::size_t kMaxLabFileBytes = 4U << 20U;
inline constexpr std::size_t kMaxPageBytes = 1U << 20U;
inline constexpr std::size_t kMaxFiles = 256;  // lab files, pages and private files together
inline constexpr std::size_t kMaxTotalBytes = 16U << 20U;
inline constexpr int kMaxExtends = 16;             // length of a chain of `extends`
inline constexpr int kMaxDepth = 32;               // nesting of the YAML
inline constexpr std::size_t kMaxNodes = 500'000;  // YAML nodes, aliases counted each time

struct Loaded {
  Lab lab;                        // meaningful only if there is no error
  base::Diagnostics diagnostics;  // all of them, sorted by place
  // Everything that was read, path -> content: the bundle that the CLI sends to the daemon.
  std::map<std::string, std::string> files;

  bool ok() const { return !base::hasErrors(diagnostics); }
};

// The lab's name, if it is among the first things that the file says; empty otherwise. What load() makes of it counts.
std::string nameAhead(std::string_view text);

// Reads the file with everything that it extends and names (paths are relative to the file that names them), resolves
// and validates. Never throws; every mistake is told, not only the first.
Loaded load(const std::string& path, FileSource& source);

// Whether a lab file with this text may name other files: seen without parsing it, which takes as long as all else
// that has to be done to send a lab of thousands of servers. False only where it names none, whatever else is wrong
// with it.
bool mayNameFiles(std::string_view text);

// A FileSource over a bundle.
class BundleSource : public FileSource {
 public:
  explicit BundleSource(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  base::Result<std::string> read(const std::string& path, std::size_t maxBytes) override;

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace vpclab::lab
