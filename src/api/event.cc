#include "api/event.h"

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "base/overloaded.h"

namespace vpclab::api {

using nlohmann::json;

namespace {

json diagnosticToJson(const base::Diagnostic& diagnostic) {
  return {{"severity", diagnostic.severity == base::Severity::kError ? "error" : "warning"},
          {"file", diagnostic.pos.file},
          {"line", diagnostic.pos.line},
          {"column", diagnostic.pos.column},
          {"message", diagnostic.message},
          {"hint", diagnostic.hint}};
}

base::Result<base::Diagnostic> diagnosticFromJson(const json& value) {
  base::Diagnostic diagnostic;
  std::string severity;
  std::string file;
  std::int64_t line = 0;
  std::int64_t column = 0;
  JsonReader reader(value, "diagnostic");
  reader.take("severity", severity)
      .take("file", file)
      .take("line", line, 0, INT32_MAX)
      .take("column", column, 0, INT32_MAX)
      .take("message", diagnostic.message)
      .take("hint", diagnostic.hint);
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  diagnostic.pos.file = std::move(file);
  diagnostic.severity = severity == "warning" ? base::Severity::kWarning : base::Severity::kError;
  diagnostic.pos.line = static_cast<int>(line);
  diagnostic.pos.column = static_cast<int>(column);
  return diagnostic;
}

// An object's text with one member more, whose value is JSON already: it may be large.
std::string withMember(const std::string& name, const std::string& value, const json& others) {
  return "{\"" + name + "\":" + value + "," + dumpJson(others).substr(1);
}

std::string encodeFinal(const Final& final) {
  json diagnostics = json::array();
  for (const auto& diagnostic : final.diagnostics) {
    diagnostics.push_back(diagnosticToJson(diagnostic));
  }
  return withMember("data", final.data,
                    {{"event", "final"},
                     {"exit", static_cast<int>(final.exit)},
                     {"errors", final.errors},
                     {"diagnostics", std::move(diagnostics)}});
}

base::Result<Event> finalFromJson(JsonReader& reader) {
  Final final;
  std::int64_t exit = 0;
  reader.take("exit", exit, 0, 4).take("errors", final.errors);
  const json* diagnostics = reader.member("diagnostics");
  const json* data = reader.member("data");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  if (!diagnostics->is_array() || !data->is_object()) {
    return base::fail(base::ErrorKind::kInvalid, "event: `diagnostics` must be a list and `data` an object");
  }
  final.exit = static_cast<Exit>(exit);
  for (const auto& item : *diagnostics) {
    auto diagnostic = diagnosticFromJson(item);
    if (!diagnostic) {
      return base::fail(std::move(diagnostic.error()));
    }
    final.diagnostics.push_back(std::move(*diagnostic));
  }
  final.data = dumpJson(*data);
  return Event(std::move(final));
}

base::Result<Event> itemsFromJson(JsonReader& reader) {
  Items event;
  reader.take("list", event.list);
  const json* items = reader.member("items");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  if (!items->is_array()) {
    return base::fail(base::ErrorKind::kInvalid, "event: `items` must be a list");
  }
  event.items = dumpJson(*items);
  return Event(std::move(event));
}

template <class T>
base::Result<Event> finished(JsonReader& reader, T event) {
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  return Event(std::move(event));
}

}  // namespace

std::string encodeEvent(const Event& event) {
  if (const auto* final = std::get_if<Final>(&event)) {
    return encodeFinal(*final);
  }
  if (const auto* items = std::get_if<Items>(&event)) {
    return withMember("items", items->items, {{"event", "items"}, {"list", items->list}});
  }
  return dumpJson(
      std::visit(base::Overloaded{
                     [](const Heading& e) {
                       return json{{"event", "heading"}, {"lab", e.lab}, {"text", e.text}};
                     },
                     [](const PlanEvent& e) {
                       return json{{"event", "plan"}, {"changes", e.changes}, {"lines", e.lines}};
                     },
                     [](const Progress& e) {
                       return json{{"event", "progress"}, {"phase", e.phase}, {"done", e.done}, {"total", e.total}};
                     },
                     [](const TextLine& e) {
                       return json{{"event", "text"}, {"text", e.text}};
                     },
                     [](const Happening& e) {
                       return json{{"event", "happening"}, {"time", e.time},     {"lab", e.lab},
                                   {"what", e.what},       {"object", e.object}, {"action", e.action},
                                   {"reason", e.reason},   {"result", e.result}, {"count", e.count}};
                     },
                     [](const auto&) { return json::object(); },  // those above
                 },
                 event));
}

base::Result<Event> decodeEvent(const std::string& line) {
  auto value = parseJson(line, "event");
  if (!value) {
    return base::fail(std::move(value.error()));
  }
  std::string kind;
  JsonReader reader(*value, "event");
  reader.take("event", kind);
  if (kind == "heading") {
    Heading event;
    reader.take("lab", event.lab).take("text", event.text);
    return finished(reader, std::move(event));
  }
  if (kind == "plan") {
    PlanEvent event;
    reader.take("changes", event.changes, 0, INT64_MAX).take("lines", event.lines);
    return finished(reader, std::move(event));
  }
  if (kind == "progress") {
    Progress event;
    reader.take("phase", event.phase).take("done", event.done, 0, INT64_MAX).take("total", event.total, 0, INT64_MAX);
    return finished(reader, std::move(event));
  }
  if (kind == "text") {
    TextLine event;
    reader.take("text", event.text);
    return finished(reader, std::move(event));
  }
  if (kind == "happening") {
    Happening event;
    reader.take("time", event.time).take("lab", event.lab).take("what", event.what).take("object", event.object);
    reader.take("action", event.action).take("reason", event.reason).take("result", event.result);
    reader.take("count", event.count, 0, INT64_MAX);
    return finished(reader, std::move(event));
  }
  if (kind == "items") {
    return itemsFromJson(reader);
  }
  if (kind == "final") {
    return finalFromJson(reader);
  }
  return base::fail(base::ErrorKind::kInvalid, "event: unknown kind `" + kind.substr(0, 32) + "`");
}

}  // namespace vpclab::api
