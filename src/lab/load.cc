#include "lab/load.h"

#include <array>
#include <exception>

#include "lab/context.h"
#include "lab/extends.h"
#include "lab/nouns.h"
#include "lab/object.h"
#include "lab/scalars.h"
#include "lab/yaml.h"

namespace vpclab::lab {
namespace {

struct Section {
  std::string_view key;
  Kind kind;
  void (*parse)(Context&, const Names::Named&, const Value&);
};

// In the order of parsing: see nouns.h.
constexpr std::array kSections{
    Section{"regions", Kind::kRegion, parseRegion},
    Section{"vpcs", Kind::kVpc, parseVpc},
    Section{"vxnets", Kind::kVxnet, parseVxnet},
    Section{"border_routers", Kind::kBorderRouter, parseBorderRouter},
    Section{"eips", Kind::kEip, parseEip},
    Section{"servers", Kind::kServer, parseServer},
    Section{"sdwan", Kind::kSdwan, parseSdwan},
    Section{"route_tables", Kind::kRouteTable, parseRouteTable},
    Section{"load_balancers", Kind::kLoadBalancer, parseLoadBalancer},
};

const Value* child(const Value& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) {
      return entry.value.get();
    }
  }
  return nullptr;
}

void collect(Context& context, Kind kind, const Entry& entry) {
  const Value* title = child(*entry.value, "title");
  context.names.add(kind, entry.key, title != nullptr && title->isScalar() ? title->text : "", entry.pos,
                    context.report);
  if (kind != Kind::kSdwan) {
    return;
  }
  if (const Value* points = child(*entry.value, "access_points")) {
    for (const Entry& point : points->entries) {
      collect(context, Kind::kAccessPoint, point);
    }
  }
}

void readHead(Context& context, const Object& top, const std::string& path) {
  Lab& lab = context.lab;
  lab.name = top.text("lab");
  lab.title = top.text("title", lab.name);
  lab.section = top.text("section");
  lab.restartAlways = top.text("restart", "never") == "always";
  lab.pos = top.has("lab") ? top.pos("lab") : SourcePos{path, 0, 0};
  if (top.has("lab") && (!isSlug(lab.name) || lab.name.size() > kMaxLabName)) {
    const std::string better = slugOf(lab.name).substr(0, kMaxLabName);
    context.report.error(lab.pos, quote(lab.name) + " is no name for a lab",
                         "lower case letters, digits and - within, at most " + std::to_string(kMaxLabName) +
                             " characters" + (isSlug(better) ? ", as in " + quote(better) : ""));
  }
}

void readLab(Context& context, const Value& tree, const std::string& path) {
  const Object top(context, tree, kLabShape);
  readHead(context, top, path);
  for (const Section& section : kSections) {
    for (const Entry& entry : top.map(section.key)) {
      collect(context, section.kind, entry);
    }
  }
  for (const Section& section : kSections) {
    for (const Entry& entry : top.map(section.key)) {
      const auto* self = context.names.find(entry.key);
      if (self != nullptr && self->pos == entry.pos) {  // otherwise its id is taken, which was told
        section.parse(context, *self, *entry.value);
      }
    }
  }
  parseChecks(context, top.list("checks"));
  validateVpcs(context);
  validateVxnets(context);
  validateBorderRouters(context);
  validateSdwans(context);
  validateEips(context);
  validateRouteTables(context);
  validateAddresses(context);
}

}  // namespace

std::string nameAhead(std::string_view text) {
  return topTextAhead(text, "lab");
}

Loaded load(const std::string& path, FileSource& source) {
  Context context(source);
  try {
    if (const ValuePtr tree = readExtended(path, context.files, context.report)) {
      readLab(context, *tree, path);
    }
  } catch (const Report::TooMany&) {
    // take() says so
  } catch (const std::exception& error) {  // out of memory, or a file source that throws
    context.report.error({path, 0, 0}, std::string("cannot be loaded: ") + error.what());
  }
  Loaded loaded;
  loaded.diagnostics = context.report.take();
  loaded.lab = std::move(context.lab);
  loaded.lab.places = std::move(context.places);
  loaded.files = context.files.take();
  return loaded;
}

}  // namespace vpclab::lab
