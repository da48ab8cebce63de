#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace vpclab::daemon {

// For people: tables of what a JSON document says.
using Row = std::vector<std::string>;

// Appends the title and the rows, of which the first is the head; nothing where there is no other. Columns are as wide
// as their widest cell, in terminal columns.
void addTable(std::string& out, const std::string& title, const std::vector<Row>& rows);

// A member as text that is safe to print; empty where it is missing or null.
std::string text(const nlohmann::json& object, const char* name);

// "1.4 MiB"
std::string bytesText(const nlohmann::json& bytes);

}  // namespace vpclab::daemon
