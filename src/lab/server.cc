#include <algorithm>

#include "base/text.h"
#include "lab/impairment.h"
#include "lab/nouns.h"
#include "lab/object.h"
#include "lab/page.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxArguments = 256;
constexpr std::size_t kMaxArgumentBytes = 60'000;

// An absolute path that names one file and nothing by a detour; not in the kernel's own trees.
bool isPlainPath(const std::string& path) {
  if (path.size() < 2 || path.front() != '/' || path.size() > 4000) {
    return false;
  }
  for (const auto part : base::split(std::string_view(path).substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
  }
  return path.find_first_of("\n\r\t") == std::string::npos;
}

bool isKernelPath(const std::string& path) {
  for (const std::string tree : {"/proc", "/sys", "/dev"}) {
    if (path == tree || path.starts_with(tree + "/")) {
      return true;
    }
  }
  return false;
}

void checkPath(Context& context, const std::string& path, const SourcePos& pos) {
  if (!isPlainPath(path)) {
    context.report.error(pos, quote(path) + " is not an absolute path",
                         "as in /etc/apache2/lab.conf, without . and ..");
  } else if (isKernelPath(path)) {
    context.report.error(pos, quote(path) + " belongs to the kernel", "not below /proc, /sys or /dev");
  }
}

void parseRun(Context& context, Server& server, const Object& object) {
  for (const ValuePtr& item : object.list("run")) {
    if (!item->isScalar()) {
      context.report.error(item->pos, "an argument of `run` is " + std::string(nameOf(item->kind)),
                           "each is one text, as in [apache2, -DFOREGROUND]");
    } else if (server.run.empty() && item->text.empty()) {
      context.report.error(item->pos, "the command of `run` is empty");
    } else {
      server.run.push_back(item->text);
    }
  }
  if (object.has("run") && object.list("run").empty()) {
    context.report.error(object.pos("run"), "`run` is empty", "the command and its arguments");
  } else if (server.run.size() > kMaxArguments) {
    context.report.error(object.pos("run"), "`run` has too many arguments", "at most " + std::to_string(kMaxArguments));
  } else if (base::join(server.run, " ").size() > kMaxArgumentBytes) {
    context.report.error(object.pos("run"), "`run` is too long", "at most 60,000 bytes");
  }
}

// A private file is written as the path of its content, or as {text: its content}.
void parseFiles(Context& context, Server& server, const Object& object) {
  for (const Entry& entry : object.map("files")) {
    checkPath(context, entry.key, entry.pos);
    if (server.http && entry.key == server.documentRoot + "/index.html") {
      context.report.error(entry.pos, quote(entry.key) + " is where the server's own page goes",
                           "use `http: {page: ...}` for it");
    }
    constexpr Field kPath{"", Type::kPath};
    if (entry.value->isMap()) {
      const Object file(context, *entry.value, kPrivateFileShape);
      std::string text = file.text("text");
      if (context.files.charge(text.size(), entry.value->pos)) {
        server.files.emplace_back(entry.key, std::move(text));
      }
    } else if (checkType(*entry.value, kPath, "the content of " + quote(entry.key), context.report)) {
      const auto* content = readNamedFile(context, *entry.value);
      if (content != nullptr && context.files.charge(content->size(), entry.value->pos)) {
        server.files.emplace_back(entry.key, *content);
      }
    }
  }
  std::sort(server.files.begin(), server.files.end());
}

void checkUseless(Context& context, const Object& object) {
  for (const std::string_view key : {"document_root", "files"}) {
    if (object.has(key) && !object.has("run")) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` has no effect without `run`",
                           "vpclab's own page server reads no files");
    }
  }
  if (object.has("document_root") && object.has("run") && !object.has("http")) {
    context.report.error(object.keyPos("document_root"), "`document_root` has no effect without `http`",
                         "it is where the page of `http` goes");
  }
}

}  // namespace

void parseServer(Context& context, const Names::Named& self, const Value& value) {
  Server& server = context.lab.servers[self.id];
  nameNoun(server, self);
  const Object object(context, value, kServerShape, self.id);
  server.vxnet = object.reference("vxnet", {Kind::kVxnet});
  server.address = object.address("address");
  server.eip = object.reference("eip", {Kind::kEip});
  server.line = parseImpairment(context, object);
  server.documentRoot = object.text("document_root", server.documentRoot);
  if (object.has("document_root")) {
    checkPath(context, server.documentRoot, object.pos("document_root"));
  }
  if (const Value* http = object.get("http")) {
    server.http = parsePage(context, server, *http);
  }
  parseRun(context, server, object);
  parseFiles(context, server, object);
  checkUseless(context, object);
}

}  // namespace vpclab::lab
