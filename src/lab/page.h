#pragma once

#include <string>

#include "lab/context.h"
#include "lab/tree.h"

namespace vpclab::lab {

// Reads `http` of a server: {port, page, size}. Without a page it is the tutorial's, with the server's title.
HttpPage parsePage(Context& context, const Server& server, const Value& value);

// The content of the file that the value names, relative to the lab file that the value stands in; null after telling.
const std::string* readNamedFile(Context& context, const Value& value);

// "text/html; charset=utf-8" for a page.html
std::string contentTypeOf(const std::string& path);

// The tutorial's index.html.
std::string tutorialPage(const std::string& title);

}  // namespace vpclab::lab
