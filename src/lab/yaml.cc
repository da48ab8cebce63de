#include "lab/yaml.h"

#include <algorithm>
#include <exception>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <unordered_map>
#include <utility>
#include <vector>

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
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

// The text, and a comment in the line after its last one: yaml-cpp takes a quote that nobody closes for one that ends
// with the file, if nothing follows the last line's end.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    const auto last = text.find_last_not_of(' ');
    if (last != std::string_view::npos && text[last] == '\n') {
      text = text.substr(0, last + 1);  // else the comment could be a line of a block scalar
      rest_ = "#";
    }
    read(text);
  }

 protected:
  int_type underflow() override {
    if (rest_.empty()) {
      return traits_type::eof();
    }
    read(std::exchange(rest_, {}));
    return traits_type::to_int_type(*gptr());
  }

 private:
  void read(std::string_view text) {
    auto* begin = const_cast<char*>(text.data());  // streambuf's signature; a get area is only read
    setg(begin, begin, begin + text.size());
  }

  std::string_view rest_;
};

// Builds the tree from yaml-cpp's events. Its own Node is not used: it keeps no place per key, merges duplicates
// silently and lets an alias grow without bound.
class Builder : public YAML::EventHandler {
 public:
  Builder(PlaceFinder& places, YamlBudget& budget, Report& report)
      : places_(places), budget_(budget), report_(report) {}

  ValuePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expectsKey()) {
      stop(mark, "a key must be a text, not empty");
    }
    auto value = newValue(mark, Value::Kind::kNull, "?");
    // Of what is not written yaml-cpp gives the place of what comes next.
    if (!open_.empty() && open_.back().value->isMap()) {
      value->pos = open_.back().keyPos;
    } else if (!open_.empty() && open_.back().dash) {
      value->pos = placeOfItem(mark, *open_.back().dash);
    }
    finish(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expectsKey()) {
      stop(mark, "an alias cannot be a key");
    }
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      stop(mark, "an alias inside of what it stands for");
    }
    const ValuePtr& value = known->second;
    spend(mark, value->nodes, value->bytes);
    checkDepth(mark, value->height);
    attach(value);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    checkText(mark, text);
    if (expectsKey()) {
      checkTag(mark, tag);
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
    finish(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin(mark, Value::Kind::kList, tag, anchor);
    if (style == YAML::EmitterStyle::Block) {
      open_.back().dash = mark;
    }
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, Value::Kind::kMap, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  // A list or map that is being read.
  struct Open {
    std::shared_ptr<Value> value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<YAML::Mark> dash;  // of a list with an item a line: where the first one's is
    bool hasKey = false;
    std::string key;
    SourcePos keyPos;
    std::unordered_map<std::string, std::size_t> seen;  // of a large map: key -> its place in the entries
  };

  SourcePos place(const YAML::Mark& mark) {
    return mark.line < 0 ? places_.at(0, 0)
                         : places_.at(static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column));
  }

  // Of an item that is nothing: where it is written (`~`), or its dash, above comments and empty lines.
  SourcePos placeOfItem(const YAML::Mark& mark, const YAML::Mark& first) {
    const auto dash = static_cast<std::size_t>(first.column);
    const auto holdsDash = [&](int number) {
      const std::string_view text = places_.line(static_cast<std::size_t>(number));
      return dash < text.size() && text[dash] == '-' && text.find_first_not_of(" -") >= dash &&
             (dash + 1 == text.size() || std::string_view(" \t\r").find(text[dash + 1]) != std::string_view::npos);
    };
    if (mark.column <= first.column ||
        static_cast<std::size_t>(mark.column) >= places_.line(static_cast<std::size_t>(mark.line)).size()) {
      // In the same column it is the next item's dash.
      for (int line = mark.column == first.column ? mark.line - 1 : mark.line; line >= first.line; --line) {
        if (holdsDash(line)) {
          return places_.at(static_cast<std::size_t>(line), dash);
        }
      }
    }
    return place(mark);
  }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message, std::string hint = "") {
    report_.error(place(mark), std::move(message), std::move(hint));
    throw Stop();
  }

  bool expectsKey() const { return !open_.empty() && open_.back().value->isMap() && !open_.back().hasKey; }

  void checkTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {  // "!": yaml-cpp's word for a quoted scalar
      stop(mark, "YAML tags are not supported", "remove " + quote(tag));
    }
  }

  // Escapes in double quotes can make what the file itself may not hold.
  void checkText(const YAML::Mark& mark, const std::string& text) {
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

  void spend(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
    if (nodes > budget_.nodes || bytes > budget_.bytes) {
      stop(mark, "the file is too large: more than " + std::to_string(kMaxNodes) + " values or " +
                     std::to_string(kMaxTotalBytes >> 20U) + " MiB, aliases counted each time");
    }
    budget_.nodes -= nodes;
    budget_.bytes -= bytes;
  }

  void checkDepth(const YAML::Mark& mark, int height) {
    if (open_.size() + static_cast<std::size_t>(height) > static_cast<std::size_t>(kMaxDepth)) {
      stop(mark, "nested too deeply", "at most " + std::to_string(kMaxDepth) + " levels are read");
    }
  }

  std::shared_ptr<Value> newValue(const YAML::Mark& mark, Value::Kind kind, const std::string& tag) {
    checkTag(mark, tag);
    spend(mark, 1, 0);
    checkDepth(mark, 1);
    auto value = std::make_shared<Value>();
    value->kind = kind;
    value->pos = place(mark);
    return value;
  }

  void begin(const YAML::Mark& mark, Value::Kind kind, const std::string& tag, YAML::anchor_t anchor) {
    if (expectsKey()) {
      stop(mark, "a list or map cannot be a key");
    }
    Open open;
    open.value = newValue(mark, kind, tag);
    open.anchor = anchor;
    open_.push_back(std::move(open));
  }

  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.value), done.anchor);
  }

  void finish(std::shared_ptr<Value> value, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
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

  PlaceFinder& places_;
  YamlBudget& budget_;
  Report& report_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, ValuePtr> anchors_;
  ValuePtr root_;
};

class Nobody : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

bool endsInQuote(std::string_view text) {
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Nobody nobody;
    while (parser.HandleNextDocument(nobody)) {
    }
  } catch (const YAML::Exception& error) {
    return error.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
  }
  return false;
}

// Where the quote begins that nobody closes in the text. Of each kind of quotes it can only be the last one that is not
// escaped: \" or ''. Of the two it is the later one before which none is open.
std::optional<std::size_t> unclosedQuote(std::string_view text) {
  const auto countBefore = [&](std::size_t end, char c) {
    std::size_t count = 0;
    while (count < end && text[end - count - 1] == c) {
      ++count;
    }
    return count;
  };
  auto two = text.rfind('"');
  while (two != std::string_view::npos && two > 0 && countBefore(two, '\\') % 2 != 0) {
    two = text.rfind('"', two - 1);
  }
  auto one = text.rfind('\'');
  while (one != std::string_view::npos) {
    const std::size_t before = countBefore(one, '\'');
    one -= before;
    if (before % 2 == 0) {
      break;  // as many as one that begins and pairs
    }
    one = one == 0 ? std::string_view::npos : text.rfind('\'', one - 1);
  }
  std::optional<std::size_t> out;
  for (const std::size_t begin : {two, one}) {
    if (begin != std::string_view::npos && (!out || begin > *out) && !endsInQuote(text.substr(0, begin))) {
      out = begin;
    }
  }
  return out;
}

void reportSyntax(const YAML::Exception& error, std::string_view text, PlaceFinder& places, Report& report) {
  const auto line = error.mark.line < 0 ? std::size_t{0} : static_cast<std::size_t>(error.mark.line);
  const auto column = error.mark.column < 0 ? std::size_t{0} : static_cast<std::size_t>(error.mark.column);
  const auto indentation = places.line(line).substr(0, places.line(line).find_first_not_of(" \t"));
  const auto tab = indentation.find('\t');
  if (tab != std::string_view::npos) {
    report.error(places.at(line, tab), "a tab in the indentation", "indent with spaces");
    return;
  }
  // In words of our own: the releases of yaml-cpp differ in theirs.
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    report.error(places.at(line, column), "an alias to an anchor that is not defined", "define it before, as &name");
    return;
  }
  if (error.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
    if (const auto begin = unclosedQuote(text)) {
      const std::string_view before = text.substr(0, *begin);
      const auto lineStart = before.rfind('\n') + 1;  // 0 of the first line
      report.error(
          places.at(static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')), *begin - lineStart),
          "a quote that is not closed", "end the text with " + std::string(1, text[*begin]));
      return;
    }
  }
  report.error(places.at(line, column), "not valid YAML: " + base::printable(error.msg));
}

}  // namespace

ValuePtr parseYaml(const std::string& file, std::string_view text, YamlBudget& budget, Report& report) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  PlaceFinder places(file, text);
  if (!checkSourceText(text, places, report)) {
    return nullptr;
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Builder builder(places, budget, report);
    const bool any = parser.HandleNextDocument(builder);
    ValuePtr root = builder.root();
    if (!any || !root || root->isNull()) {
      report.error({file, 0, 0}, "the file is empty", "a lab begins with `lab: NAME`");
      return nullptr;
    }
    Builder second(places, budget, report);
    if (parser.HandleNextDocument(second)) {
      const SourcePos pos = second.root() ? second.root()->pos : SourcePos{file, 0, 0};
      report.error(pos, "a second YAML document", "one lab per file: remove the line `---` and what follows");
      return nullptr;
    }
    if (!root->isMap()) {
      report.error(root->pos, "the file holds " + std::string(nameOf(root->kind)) + ", not a lab",
                   "a lab begins with `lab: NAME`");
      return nullptr;
    }
    return root;
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    reportSyntax(error, text, places, report);
    return nullptr;
  } catch (const std::exception& error) {
    report.error({file, 0, 0}, std::string("not valid YAML: ") + error.what());
    return nullptr;
  }
}

}  // namespace vpclab::lab
