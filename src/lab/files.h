#pragma once

#include <map>
#include <string>

#include "lab/load.h"
#include "lab/report.h"

namespace vpclab::lab {

// The files of one load: each is read once, their number and size are bounded, and all are kept for the bundle.
class Files {
 public:
  Files(FileSource& source, Report& report) : source_(source), report_(report) {}

  // The content, or null after telling why at `pos`. The pointer stays valid. A key whose value comes here has to be
  // among those of mayNameFiles(), or the file does not get into the bundle.
  const std::string* read(const std::string& path, std::size_t maxBytes, const SourcePos& pos);

  // The path of `name` as the file `from` means it. Empty after telling why at `pos`: only relative paths are taken, so
  // that a lab can be moved as a whole.
  std::string relativeTo(const std::string& from, const std::string& name, const SourcePos& pos);

  // Counts a content that goes into the lab, each time that it does: one file in many servers is sent once for each.
  // False after telling at `pos` that all of them together are too large.
  bool charge(std::size_t bytes, const SourcePos& pos);

  std::map<std::string, std::string> take() { return std::move(files_); }

 private:
  FileSource& source_;
  Report& report_;
  std::map<std::string, std::string> files_;
  std::size_t total_ = 0;
  std::size_t used_ = 0;
};

}  // namespace vpclab::lab
