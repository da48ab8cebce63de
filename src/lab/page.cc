#include "lab/page.h"

#include <algorithm>
#include <array>

#include "base/markup.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

struct Extension {
  std::string_view name;
  std::string_view type;
};

constexpr std::array kExtensions{
    Extension{"html", "text/html; charset=utf-8"},
    Extension{"htm", "text/html; charset=utf-8"},
    Extension{"txt", "text/plain; charset=utf-8"},
    Extension{"css", "text/css; charset=utf-8"},
    Extension{"js", "text/javascript; charset=utf-8"},
    Extension{"json", "application/json"},
    Extension{"xml", "application/xml"},
    Extension{"svg", "image/svg+xml"},
    Extension{"png", "image/png"},
    Extension{"jpg", "image/jpeg"},
    Extension{"jpeg", "image/jpeg"},
    Extension{"gif", "image/gif"},
    Extension{"pdf", "application/pdf"},
};

// Makes the page so long by a comment at its end. Its lines differ, so that one that is lost or doubled shows.
void pad(std::string& body, std::size_t size) {
  constexpr std::string_view kBegin = "<!--\n";
  constexpr std::string_view kEnd = "-->\n";
  if (size < body.size() + kBegin.size() + kEnd.size()) {
    return;
  }
  body += kBegin;
  while (body.size() + kEnd.size() < size) {
    const std::string line = std::to_string(body.size()) + " bytes before this line\n";
    body += line.substr(0, size - kEnd.size() - body.size());
  }
  body += kEnd;
}

}  // namespace

std::string contentTypeOf(const std::string& path) {
  const auto point = path.find_last_of("./");
  std::string extension = point == std::string::npos || path[point] == '/' ? "" : path.substr(point + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const auto& known : kExtensions) {
    if (known.name == extension) {
      return std::string(known.type);
    }
  }
  return "application/octet-stream";
}

std::string tutorialPage(const std::string& title) {
  return "<h1 style=\"text-align:center;\">\n      <span style=\"color:#60D978;\">" + base::escapeMarkup(title) +
         "</span>\n</h1>\n<p style=\"text-align:center;\">\n        青云@QingCloud\n</p>\n";
}

const std::string* readNamedFile(Context& context, const Value& value) {
  const std::string path = context.files.relativeTo(value.pos.file, value.text, value.pos);
  return path.empty() ? nullptr : context.files.read(path, kMaxPageBytes, value.pos);
}

HttpPage parsePage(Context& context, const Server& server, const Value& value) {
  const Object object(context, value, kHttpPageShape);
  HttpPage page;
  page.pos = value.pos;
  page.port = static_cast<std::uint16_t>(object.integer("port", page.port));
  page.contentType = contentTypeOf("index.html");
  page.body = tutorialPage(server.title);
  if (const Value* path = object.get("page")) {
    page.contentType = contentTypeOf(path->text);
    const auto* content = readNamedFile(context, *path);
    if (content != nullptr && context.files.charge(content->size(), path->pos)) {
      page.body = *content;
    }
  } else {
    pad(page.body, object.size("size", 0));
    if (!context.files.charge(page.body.size(), value.pos)) {
      page.body.clear();
    }
  }
  if (object.has("page") && object.has("size")) {
    context.report.error(object.keyPos("size"), "`size` beside `page`", "a page of one's own has the size that it has");
  }
  return page;
}

}  // namespace vpclab::lab
