#include "lab/yaml.h"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include <yaml.h>

#include "base/text.h"
#include "lab/colon_hint.h"
#include "lab/source_text.h"

namespace vpclab::lab {

std::string_view nameOf(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "nothing";
    case Value::Kind::kScalar:
      return "a text";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a map";
  }
  return "?";
}

namespace {

// Of a map with more, keys are looked up.
constexpr std::size_t kFewKeys = 8;

// Leaves the parser after the reason was told; caught in parseYaml().
struct Stop {};

// Without the byte order mark that some editors put first.
std::string_view withoutMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.substr(text.starts_with(kMark) ? kMark.size() : 0);
}

// libyaml is a library of C: a name, or nothing.
std::string_view textOf(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

// What libyaml tells of the text, one thing after another. It reads no further than it has to for the next one.
class Events {
 public:
  explicit Events(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) {
      throw std::bad_alloc();
    }
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // The next one, until the call after; null: the text is no YAML, see problem().
  const yaml_event_t* next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) == 0 ? nullptr : &event_;
  }
  const yaml_parser_t& problem() const { return parser_; }

 private:
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// Builds the tree. libyaml's own documents are not used: they keep no place per key, and merge duplicates silently.
class Builder {
 public:
  Builder(base::SharedString file, YamlBudget& budget, Report& report)
      : file_(std::move(file)), budget_(budget), report_(report) {}

  ValuePtr root() const { return root_; }

  void take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return alias(event.start_mark, textOf(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return begin(event.start_mark, Value::Kind::kList, textOf(event.data.sequence_start.tag),
                     textOf(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return begin(event.start_mark, Value::Kind::kMap, textOf(event.data.mapping_start.tag),
                     textOf(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return end();
      default:
        return;  // of documents and the whole text
    }
  }

 private:
  // A list or map that is being read.
  struct Open {
    std::shared_ptr<Value> value;
    std::string anchor;  // empty: none
    bool hasKey = false;
    std::string key;
    SourcePos keyPos;
    // Of a large map: key -> its place in the entries. Not by hashes: who chooses the keys could make them alike.
    std::map<std::string, std::size_t> seen;
  };

  SourcePos place(const yaml_mark_t& mark) const {
    return {file_, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
  }

  [[noreturn]] void stop(const yaml_mark_t& mark, std::string message, std::string hint = "") {
    report_.error(place(mark), std::move(message), std::move(hint));
    throw Stop();
  }

  bool expectsKey() const { return !open_.empty() && open_.back().value->isMap() && !open_.back().hasKey; }

  void alias(const yaml_mark_t& mark, std::string_view anchor) {
    if (expectsKey()) {
      stop(mark, "an alias cannot be a key");
    }
    const auto known = anchors_.find(std::string(anchor));
    if (known == anchors_.end()) {
      stop(mark, "an alias to an anchor that is not defined", "define it before, as &name");
    }
    const ValuePtr& value = known->second;
    if (!value) {
      stop(mark, "an alias inside of what it stands for");
    }
    spend(mark, value->nodes, value->bytes);
    checkDepth(mark, value->height);
    attach(value);
  }

  // The core schema's words for nothing (YAML 1.2, 10.3.2).
  static bool isNull(std::string_view text, yaml_scalar_style_t style) {
    return style == YAML_PLAIN_SCALAR_STYLE &&
           (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
  }

  void scalar(const yaml_event_t& event) {
    const yaml_mark_t& mark = event.start_mark;
    const auto& scalar = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string_view tag = textOf(scalar.tag);
    if (isNull(text, scalar.style)) {
      return nothing(event, tag, textOf(scalar.anchor));
    }
    checkText(mark, text);
    if (expectsKey()) {
      checkTag(mark, tag);
      if (scalar.anchor != nullptr) {
        stop(mark, "a key cannot have an anchor", "give it to the value");
      }
      spend(mark, 1, text.size());
      open_.back().key = text;
      open_.back().keyPos = place(mark);
      open_.back().hasKey = true;
      return;
    }
    auto value = newValue(mark, Value::Kind::kScalar, tag);
    spend(mark, 0, text.size());
    value->text = text;
    value->bytes = text.size();
    finish(std::move(value), std::string(textOf(scalar.anchor)));
  }

  void nothing(const yaml_event_t& event, std::string_view tag, std::string_view anchor) {
    if (expectsKey()) {
      stop(event.start_mark, "a key must be a text, not empty");
    }
    auto value = newValue(event.start_mark, Value::Kind::kNull, tag);
    if (!open_.empty() && open_.back().value->isMap()) {
      value->pos = open_.back().keyPos;
    } else if (!open_.empty() && event.start_mark.index == event.end_mark.index && value->pos.column > 1) {
      --value->pos.column;  // what is not written stands behind its dash
    }
    finish(std::move(value), std::string(anchor));
  }

  void checkTag(const yaml_mark_t& mark, std::string_view tag) {
    if (!tag.empty()) {
      constexpr std::string_view kShort = "tag:yaml.org,2002:";  // as libyaml tells !!
      const bool isShort = tag.starts_with(kShort);
      stop(mark, "YAML tags are not supported",
           "remove " + quote(isShort ? "!!" + std::string(tag.substr(kShort.size())) : std::string(tag)));
    }
  }

  // Escapes in double quotes can make what the file itself may not hold.
  void checkText(const yaml_mark_t& mark, std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r')) {
        stop(mark, "a text with a control character: " + quote(text));
      }
    }
    if (!base::isValidUtf8(text)) {
      stop(mark, "a text that is not UTF-8: " + quote(text));
    }
  }

  void spend(const yaml_mark_t& mark, std::size_t nodes, std::size_t bytes) {
    if (nodes > budget_.nodes || bytes > budget_.bytes) {
      stop(mark, "the file is too large: more than " + std::to_string(kMaxNodes) + " values or " +
                     std::to_string(kMaxTotalBytes >> 20U) + " MiB, aliases counted each time");
    }
    budget_.nodes -= nodes;
    budget_.bytes -= bytes;
  }

  void checkDepth(const yaml_mark_t& mark, int height) {
    if (open_.size() + static_cast<std::size_t>(height) > static_cast<std::size_t>(kMaxDepth)) {
      stop(mark, "nested too deeply", "at most " + std::to_string(kMaxDepth) + " levels are read");
    }
  }

  std::shared_ptr<Value> newValue(const yaml_mark_t& mark, Value::Kind kind, std::string_view tag) {
    checkTag(mark, tag);
    spend(mark, 1, 0);
    checkDepth(mark, 1);
    auto value = std::make_shared<Value>();
    value->kind = kind;
    value->pos = place(mark);
    return value;
  }

  void begin(const yaml_mark_t& mark, Value::Kind kind, std::string_view tag, std::string_view anchor) {
    if (expectsKey()) {
      stop(mark, "a list or map cannot be a key");
    }
    Open open;
    open.value = newValue(mark, kind, tag);
    open.anchor = anchor;
    if (!anchor.empty()) {
      anchors_[open.anchor] = nullptr;  // until it is complete
    }
    open_.push_back(std::move(open));
  }

  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    // One of the same name inside of it is the later one.
    const auto own = anchors_.find(done.anchor);
    finish(std::move(done.value), own == anchors_.end() || own->second ? std::string() : std::move(done.anchor));
  }

  void finish(std::shared_ptr<Value> value, const std::string& anchor) {
    if (!anchor.empty()) {
      anchors_[anchor] = value;
    }
    attach(std::move(value));
  }

  void attach(ValuePtr value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& open = open_.back();
    if (open.value->isList()) {
      measure(*open.value, *value);
      open.value->items.push_back(std::move(value));
      return;
    }
    open.hasKey = false;
    if (open.key == "<<") {
      report_.error(open.keyPos, "merge keys (<<) are not supported", "use an alias for a whole value, or `extends`");
      return;
    }
    if (const SourcePos* first = placeOf(open, open.key)) {
      report_.error(open.keyPos, quote(open.key) + " is there twice", "the first is at " + first->toString());
      return;
    }
    measure(*open.value, *value);
    open.value->entries.push_back({std::move(open.key), open.keyPos, std::move(value)});
  }

  // Where the map that is being read has the key; null: not yet.
  static const SourcePos* placeOf(Open& open, const std::string& key) {
    const auto& entries = open.value->entries;
    // Most maps have few keys, and there are thousands of them.
    if (entries.size() <= kFewKeys) {
      const auto it =
          std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
      return it == entries.end() ? nullptr : &it->pos;
    }
    for (std::size_t i = open.seen.size(); i < entries.size(); ++i) {
      open.seen.emplace(entries[i].key, i);
    }
    const auto it = open.seen.find(key);
    return it == open.seen.end() ? nullptr : &entries[it->second].pos;
  }

  static void measure(Value& parent, const Value& child) {
    parent.nodes += child.nodes + (parent.isMap() ? 1 : 0);
    parent.bytes += child.bytes;
    parent.height = std::max(parent.height, child.height + 1);
  }

  const base::SharedString file_;  // of every place
  YamlBudget& budget_;
  Report& report_;
  std::vector<Open> open_;
  std::map<std::string, ValuePtr> anchors_;  // null: of a list or map that is being read
  ValuePtr root_;
};

// What libyaml says while it reads a quoted text to the end of the file.
constexpr std::string_view kInQuotes = "while scanning a quoted scalar";
constexpr std::string_view kAtEnd = "found unexpected end of stream";

constexpr std::string_view kNoKeyHere = "mapping values are not allowed in this context";
constexpr std::array<std::string_view, 2> kOtherColumn{"did not find expected key",
                                                       "did not find expected '-' indicator"};

// Of what libyaml finds where a line begins too far to the right or to the left.
std::string indentationHint(const PlaceFinder& places, const yaml_mark_t& mark, std::string_view problem) {
  const auto indentation = [&](std::size_t line) { return places.line(line).find_first_not_of(' '); };
  const std::size_t own = indentation(mark.line);
  if (problem == kNoKeyHere) {
    const std::size_t above = mark.line > 0 ? indentation(mark.line - 1) : own;
    return above != std::string_view::npos && own > above
               ? "the line is indented deeper than the key above it, which has a value already"
               : "a text that holds `: ` needs quotes";
  }
  const bool isOther = std::find(kOtherColumn.begin(), kOtherColumn.end(), problem) != kOtherColumn.end();
  return isOther && mark.column == own ? "the line's indentation is that of no line it could belong to" : "";
}

void reportSyntax(const yaml_parser_t& parser, const std::string& file, std::string_view text, Report& report) {
  if (parser.error == YAML_MEMORY_ERROR) {
    throw std::bad_alloc();
  }
  const PlaceFinder places(file, text);
  if (parser.error == YAML_READER_ERROR) {
    report.error(places.at(parser.problem_offset), "a character that YAML does not allow", "remove it");
    return;
  }
  const auto placeOf = [&](const yaml_mark_t& mark) { return places.at(mark.line, mark.column); };
  const auto wordsOf = [](const char* words) {
    return words == nullptr ? std::string_view() : std::string_view(words);
  };
  const std::string_view problem = wordsOf(parser.problem);
  const std::string_view context = wordsOf(parser.context);
  if (context == kInQuotes && problem == kAtEnd) {
    const auto begin = placeOf(parser.context_mark);
    report.error(begin, "a quote that is not closed", "end the text with " + places.character(begin));
    return;
  }
  const auto line = places.line(parser.problem_mark.line);
  const auto tab = line.substr(0, line.find_first_not_of(" \t")).find('\t');
  if (tab != std::string_view::npos) {
    report.error(places.at(parser.problem_mark.line, tab), "a tab in the indentation", "indent with spaces");
    return;
  }
  // libyaml may notice on the next line only.
  std::string hint;
  for (const auto number : {parser.problem_mark.line, parser.context_mark.line,
                            parser.problem_mark.line - (parser.problem_mark.line > 0 ? 1 : 0)}) {
    hint = hint.empty() ? colonHint(places.line(number)) : hint;
  }
  if (hint.empty()) {
    hint = indentationHint(places, parser.problem_mark, problem);
  }
  if (hint.empty() && !context.empty()) {
    hint = std::string(context) + ", which begins at " + placeOf(parser.context_mark).toString();
  }
  report.error(placeOf(parser.problem_mark), "not valid YAML: " + base::printable(problem), std::move(hint));
}

}  // namespace

ValuePtr parseYaml(const std::string& file, std::string_view text, YamlBudget& budget, Report& report) {
  text = withoutMark(text);
  const base::SharedString name = file;
  if (!checkSourceText(name, text, report)) {
    return nullptr;
  }
  try {
    Events events(text);
    Builder builder(name, budget, report);
    int documents = 0;
    for (auto last = YAML_NO_EVENT; last != YAML_STREAM_END_EVENT;) {
      const yaml_event_t* event = events.next();
      if (event == nullptr) {
        reportSyntax(events.problem(), name, text, report);
        return nullptr;
      }
      last = event->type;
      if (last == YAML_DOCUMENT_START_EVENT && ++documents == 2) {
        report.error(PlaceFinder(name, text).at(event->start_mark.line, event->start_mark.column),
                     "a second YAML document", "one lab per file: remove the line `---` and what follows");
        return nullptr;
      }
      builder.take(*event);
    }
    ValuePtr root = builder.root();
    if (!root || root->isNull()) {
      report.error({name, 0, 0}, "the file is empty", "a lab begins with `lab: NAME`");
      return nullptr;
    }
    if (!root->isMap()) {
      const std::string hint = colonHint(root->text);
      report.error(root->pos, "the file holds " + std::string(nameOf(root->kind)) + ", not a lab",
                   hint.empty() ? "a lab begins with `lab: NAME`" : hint);
      return nullptr;
    }
    return root;
  } catch (const Stop&) {
    return nullptr;
  } catch (const std::exception& error) {
    report.error({name, 0, 0}, std::string("not valid YAML: ") + error.what());
    return nullptr;
  }
}

std::string topTextAhead(std::string_view text, std::string_view key) {
  constexpr int kMostEvents = 64;
  constexpr std::size_t kMostBytes = 4096;
  Events events(withoutMark(text).substr(0, kMostBytes));
  int depth = 0;
  bool isKey = true;  // of what comes next in the map at the top
  bool isIt = false;  // that the last key there is the one
  for (int i = 0; i < kMostEvents; ++i) {
    const yaml_event_t* event = events.next();
    if (event == nullptr || (depth == 0 && event->type == YAML_SEQUENCE_START_EVENT)) {
      return "";
    }
    switch (event->type) {
      case YAML_SEQUENCE_START_EVENT:
      case YAML_MAPPING_START_EVENT:
        ++depth;
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        --depth;
        isKey = true;
        break;
      case YAML_SCALAR_EVENT:
        if (depth == 1) {
          const auto& scalar = event->data.scalar;
          const std::string_view word(reinterpret_cast<const char*>(scalar.value), scalar.length);
          if (!isKey && isIt) {
            return std::string(word);
          }
          isIt = isKey && word == key;
          isKey = !isKey;
        }
        break;
      case YAML_ALIAS_EVENT:
        isKey = depth == 1 ? true : isKey;
        break;
      default:
        break;  // of documents and the whole text
    }
  }
  return "";
}

}  // namespace vpclab::lab
