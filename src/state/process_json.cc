#include "state/process_json.h"

#include <array>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "state/json_reader.h"
#include "state/listener_json.h"

namespace vpclab::state {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using Json = nlohmann::json;

Json toJson(const PageSite& site) {
  return {{"node", site.node},
          {"listen", listenToJson(site.listen)},
          {"contentType", site.contentType},
          {"body", bytesToJson(site.body)}};
}
Result<PageSite> decodeSite(const Json& json, const std::string& where) {
  Reader in(json, where);
  PageSite out{in.text("node"), in.object("listen", decodeListen), in.text("contentType"), in.bytes("body")};
  return in.finish(std::move(out));
}

Result<std::string> decodeText(const Json& json, const std::string& where) {
  return json.is_string() ? Result<std::string>(json.get<std::string>())
                          : fail(ErrorKind::kInvalid, "decode " + where + ": a string is needed");
}

Json toJson(const PrivateFile& file) {
  return {{"path", file.path}, {"content", bytesToJson(file.content)}};
}
Result<PrivateFile> decodeFile(const Json& json, const std::string& where) {
  Reader in(json, where);
  PrivateFile out{in.text("path"), in.bytes("content")};
  return in.finish(std::move(out));
}

Json specToJson(const PageServer& pages) {
  Json sites = Json::array();
  for (const auto& site : pages.sites) {
    sites.push_back(toJson(site));
  }
  return {{"sites", std::move(sites)}};
}
Json specToJson(const LoadBalancer& balancer) {
  Json listeners = Json::array();
  for (const auto& listener : balancer.listeners) {
    listeners.push_back(listenerToJson(listener));
  }
  return {{"id", balancer.id}, {"listeners", std::move(listeners)}};
}
Json specToJson(const Command& command) {
  Json files = Json::array();
  for (const auto& file : command.files) {
    files.push_back(toJson(file));
  }
  return {{"argv", command.argv}, {"files", std::move(files)}};
}

Result<PageServer> decodePages(const Json& json, const std::string& where) {
  Reader in(json, where);
  PageServer out{in.list("sites", decodeSite)};
  return in.finish(std::move(out));
}
Result<LoadBalancer> decodeBalancer(const Json& json, const std::string& where) {
  Reader in(json, where);
  LoadBalancer out{in.text("id"), in.list("listeners", decodeListener)};
  return in.finish(std::move(out));
}
Result<Command> decodeCommand(const Json& json, const std::string& where) {
  Reader in(json, where);
  Command out{in.list("argv", decodeText), in.list("files", decodeFile)};
  return in.finish(std::move(out));
}

constexpr std::array<const char*, 3> kSpecNames{"pages", "loadBalancer", "command"};  // in the variant's order

}  // namespace

Json processToJson(const Process& process) {
  return {
      {"netns", process.netns},
      {"name", process.name},
      {kSpecNames[process.spec.index()], std::visit([](const auto& spec) { return specToJson(spec); }, process.spec)}};
}

Result<Process> processFromJson(const Json& json) {
  Reader in(json, "process");
  Process out;
  out.netns = in.text("netns");
  out.name = in.text("name");
  const bool object = json.is_object();
  if (object && json.contains(kSpecNames[1])) {
    out.spec = in.object(kSpecNames[1], decodeBalancer);
  } else if (object && json.contains(kSpecNames[2])) {
    out.spec = in.object(kSpecNames[2], decodeCommand);
  } else {
    out.spec = in.object(kSpecNames[0], decodePages);
  }
  return in.finish(std::move(out));
}

}  // namespace vpclab::state
