#pragma once

#include <string>

#include "lab/files.h"
#include "lab/report.h"
#include "lab/tree.h"

namespace vpclab::lab {

// What a file says on top of the one it extends: maps merge by key; texts and lists replace; an empty value (~) removes
// the key. Every value keeps the place it came from. An empty value that removes nothing stays, to be told later.
ValuePtr merge(const ValuePtr& base, const ValuePtr& child);

// Reads the file and all that it extends, merged, without the key `extends`. Null after telling why.
ValuePtr readExtended(const std::string& path, Files& files, Report& report);

}  // namespace vpclab::lab
