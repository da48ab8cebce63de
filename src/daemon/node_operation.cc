#include <optional>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/found_node.h"
#include "daemon/front_page.h"
#include "daemon/operations.h"

namespace vpclab::daemon {

using base::ErrorKind;
using nlohmann::json;

namespace {

using Found = FoundNode;

// Adds the node of that id, or every node of that title.
void collect(const std::string& lab, const compile::Compiled& compiled, const std::string& name,
             std::vector<Found>& found) {
  if (const auto byId = compiled.nodes.find(name); byId != compiled.nodes.end()) {
    found.push_back({lab, byId->second});
    return;
  }
  for (const auto& [id, node] : compiled.nodes) {
    if (node.title == name) {
      found.push_back({lab, node});
    }
  }
}

std::string namesOf(const std::vector<Found>& found) {
  std::vector<std::string> names;
  for (const auto& one : found) {
    names.push_back(one.lab + "/" + one.node.id);
  }
  return base::join(names, ", ");
}

// The nearest of all names, for "did you mean".
std::string suggestion(const std::vector<std::pair<std::string, Desired>>& labs, const std::string& name) {
  std::vector<std::string_view> candidates;
  for (const auto& [lab, desired] : labs) {
    for (const auto& [id, node] : desired.compiled.nodes) {
      candidates.emplace_back(id);
      candidates.emplace_back(node.title);
    }
  }
  return base::nearest(name, candidates);
}

}  // namespace

base::Result<FoundNode> findNode(Engine& engine, std::string lab, std::string name) {
  // Neither ids nor lab names hold a slash, but a title may: it is taken as a title where there is no such lab.
  if (const auto slash = name.find('/'); lab.empty() && slash != std::string::npos) {
    const std::string before = name.substr(0, slash);
    if (const auto picked = engine.pickLab(before); isLabName(before) && picked) {
      lab = before;
      name = name.substr(slash + 1);
    }
  }
  std::vector<std::string> names;
  if (!lab.empty()) {
    auto picked = engine.pickLab(lab);
    if (!picked) {
      return base::fail(std::move(picked.error()));
    }
    names.push_back(std::move(*picked));
  } else {
    auto all = engine.store().labs();
    if (!all) {
      return base::fail(std::move(all.error()));
    }
    names = std::move(*all);
  }
  if (names.empty()) {
    return base::fail(ErrorKind::kNotFound, "no lab is up");
  }
  std::vector<std::pair<std::string, Desired>> labs;
  std::vector<Found> found;
  std::optional<base::Error> unreadable;  // the first
  for (const auto& one : names) {
    auto stored = engine.loadStored(one);
    if (!stored) {
      // One lab that is damaged, or half down, does not hide the others.
      if (!unreadable) {
        unreadable = std::move(stored.error());
      }
      continue;
    }
    collect(one, stored->desired.compiled, name, found);
    labs.emplace_back(one, std::move(stored->desired));
  }
  if (found.size() == 1) {
    return std::move(found.front());
  }
  if (found.size() > 1) {
    return base::fail(ErrorKind::kInvalid, "`" + base::printable(name) + "` may be any of " + namesOf(found));
  }
  if (unreadable) {
    return base::fail(std::move(*unreadable).context("look for node `" + base::printable(name.substr(0, 128)) + "`"));
  }
  const std::string near = suggestion(labs, name);
  return base::fail(ErrorKind::kNotFound,
                    "no node `" + base::printable(name.substr(0, 128)) + "`" +
                        (near.empty() ? " in " + base::join(names, ", ") + "; `vpclab inspect` lists them"
                                      : "; did you mean `" + near + "`?"));
}

namespace {

json placeOf(Engine& engine, const Found& found) {
  return {{"lab", found.lab},
          {"node", found.node.id},
          {"title", found.node.title},
          {"kind", found.node.kind},
          {"pin", engine.system().pinPath(found.lab, found.node.id)}};
}

}  // namespace

api::Final findNode(Engine& engine, const api::NodeRequest& request, Session& session) {
  (void)session;
  const auto found = findNode(engine, request.lab, request.node);
  if (!found) {
    return failed(found.error());
  }
  return finalOf(api::Exit::kOk, placeOf(engine, *found));
}

api::Final findForward(Engine& engine, const api::ForwardRequest& request, Session& session) {
  (void)session;
  const auto lab = engine.pickLab(request.lab);
  if (!lab) {
    return failed(lab.error());
  }
  const auto stored = engine.loadStored(*lab);
  if (!stored) {
    return failed(stored.error());
  }
  const auto& desired = stored->desired;
  const auto internet = desired.compiled.nodes.find("internet");
  if (internet == desired.compiled.nodes.end()) {
    return failed(base::Error(ErrorKind::kNotFound, "lab " + *lab + " has no internet: nothing in it has an EIP"));
  }
  json data = placeOf(engine, {*lab, internet->second});
  if (const auto page = frontPageOf(desired.lab)) {
    data["address"] = page->address.toString();
    data["port"] = page->port;
    data["title"] = page->balancer->title;
  }
  return finalOf(api::Exit::kOk, data);
}

}  // namespace vpclab::daemon
