#include "daemon/link_change.h"

#include <algorithm>

#include "base/text.h"
#include "compile/impairment.h"
#include "state/ingress_loss.h"

namespace vpclab::daemon {

using base::ErrorKind;
using namespace vpclab::state;

namespace {

class LinkChange {
 public:
  LinkChange(const State& observed, const State& desired, const Capabilities& capabilities, std::string node,
             std::string link, const api::LinkRequest& request)
      : out_(observed),
        desired_(desired),
        capabilities_(capabilities),
        node_(std::move(node)),
        link_(std::move(link)),
        request_(request) {}

  base::Result<State> run() {
    const State before = out_;
    for (const Entry& entry : before.entries()) {
      if (const auto* veth = std::get_if<Veth>(entry.object.get())) {
        if (isHere(veth->a) || isHere(veth->b)) {
          return cable(*veth);
        }
      } else if (const auto* device = std::get_if<WgDevice>(entry.object.get())) {
        if (device->netns == node_ && device->name == link_) {
          return tunnel(*device);
        }
      }
    }
    return base::fail(ErrorKind::kNotFound, name() + " is not in the kernel; `vpclab heal` makes it");
  }

 private:
  std::string name() const { return "link " + link_ + " of node " + node_; }
  bool isHere(const VethEnd& end) const { return end.netns == node_ && end.name == link_; }

  base::Result<State> cable(Veth veth) {
    VethEnd& here = isHere(veth.a) ? veth.a : veth.b;
    const VethEnd there = isHere(veth.a) ? veth.b : veth.a;
    if (request_.up) {
      here.up = *request_.up;
      if (*request_.up) {
        putBack();
      }
    }
    if (request_.rate || request_.delay || request_.jitter || request_.loss) {
      auto line = changed(lineOf(here));
      if (!line) {
        return base::fail(std::move(line.error()));
      }
      impair(here, *line);
      impair(there, *line);
    }
    out_.add(std::move(veth));
    return std::move(out_);
  }

  base::Result<State> tunnel(WgDevice device) {
    if (request_.rate || request_.delay || request_.jitter || request_.loss) {
      return base::fail(ErrorKind::kInvalid,
                        name() + " is a tunnel, which goes --up and --down; its line is that of " + device.socketNetns);
    }
    device.up = request_.up.value_or(device.up);
    if (device.up) {
      putBack();
    }
    out_.add(std::move(device));
    return std::move(out_);
  }

  // What the kernel drops with a link that goes down.
  void putBack() {
    for (const Entry& entry : desired_.entries()) {
      const auto* route = std::get_if<Route>(entry.object.get());
      const auto* table = std::get_if<Neighbours>(entry.object.get());
      const bool lost = (route != nullptr && route->netns == node_ && route->device == link_) ||
                        (table != nullptr && table->netns == node_ && table->link == link_);
      if (lost && out_.find(entry.key()) == nullptr) {
        out_.add(entry);
      }
    }
  }

  // What the line does now, by the end of it that was named.
  lab::Impairment lineOf(const VethEnd& end) const {
    lab::Impairment line;
    if (const auto* qdisc = out_.get<Qdisc>(Qdisc{end.netns, end.name}.key())) {
      line.rate = qdisc->rateBitsPerSecond != 0 ? qdisc->rateBitsPerSecond : qdisc->netemRateBitsPerSecond;
      line.delay = qdisc->delayMicroseconds;
      line.jitter = qdisc->jitterMicroseconds;
      line.lossPerMillion = qdisc->lossPerMillion;
    }
    const auto losses = lossesIn(end.netns);
    if (const auto loss = losses.find(end.name); loss != losses.end()) {
      line.lossPerMillion = loss->second;
    }
    return line;
  }

  base::Result<lab::Impairment> changed(lab::Impairment line) const {
    line.rate = request_.rate ? static_cast<std::uint64_t>(*request_.rate) : line.rate;
    line.delay = request_.delay ? static_cast<std::uint32_t>(*request_.delay) : line.delay;
    line.jitter = request_.jitter ? static_cast<std::uint32_t>(*request_.jitter) : line.jitter;
    line.lossPerMillion = request_.loss ? static_cast<std::uint32_t>(*request_.loss) : line.lossPerMillion;
    if (line.delay == 0 && !request_.jitter) {
      line.jitter = 0;  // it goes with the delay that it varied
    }
    if (line.jitter > line.delay) {
      return base::fail(ErrorKind::kInvalid, name() + ": the jitter is more than the delay");
    }
    const auto unable = compile::unableTo(line, capabilities_);
    if (!unable.empty()) {
      const auto& first = unable.front();
      return base::fail(ErrorKind::kUnsupported, name() + ": " + first.what + " needs " + first.needs +
                                                     ", which this kernel has not got; " + first.remedy);
    }
    return line;
  }

  IngressLosses lossesIn(const std::string& netns) const {
    const auto* table = out_.get<NftTable>(NftTable{netns, "", NftFamily::kNetdev}.key());
    return table == nullptr ? IngressLosses() : ingressLossesOf(*table);
  }

  void impair(const VethEnd& end, const lab::Impairment& line) {
    out_.remove(Qdisc{end.netns, end.name}.key());
    if (auto qdisc = compile::qdiscFor(end.netns, end.name, line, capabilities_)) {
      out_.add(*qdisc);
    }
    IngressLosses losses = lossesIn(end.netns);
    const IngressLosses before = losses;
    losses.erase(end.name);
    if (const auto loss = compile::ingressLossFor(line, capabilities_); loss != 0) {
      losses[end.name] = loss;
    }
    if (losses == before) {
      return;  // a table that somebody else has changed stays as it is
    }
    NftTable table = ingressLossTable(end.netns, losses);
    if (losses.empty()) {
      out_.remove(table.key());
    } else {
      out_.add(std::move(table));
    }
  }

  State out_;
  const State& desired_;
  const Capabilities& capabilities_;
  std::string node_;
  std::string link_;
  const api::LinkRequest& request_;
};

}  // namespace

base::Result<std::string> pickLink(const compile::Node& node, const std::string& wanted) {
  std::vector<std::string> names;
  for (const auto& interface : node.interfaces) {
    if (interface.name == "lo") {
      continue;
    }
    if (!wanted.empty() && (interface.name == wanted || interface.fullName == wanted)) {
      return interface.name;
    }
    names.push_back(interface.name);
  }
  if (wanted.empty() && names.size() == 1) {
    return names.front();
  }
  if (names.empty()) {
    return base::fail(ErrorKind::kNotFound, "node " + node.id + " has no link that could be set");
  }
  const std::string list = base::join(names, ", ");
  return wanted.empty()
             ? base::fail(ErrorKind::kInvalid, "node " + node.id + " has several links, say which: " + node.id + ":" +
                                                   names.front() + "; there are: " + list)
             : base::fail(ErrorKind::kNotFound, "node " + node.id + " has no link `" +
                                                    base::printable(wanted.substr(0, 64)) + "`; there are: " + list);
}

base::Result<State> withLinkSet(const State& observed, const State& desired, const Capabilities& capabilities,
                                const std::string& node, const std::string& link, const api::LinkRequest& request) {
  return LinkChange(observed, desired, capabilities, node, link, request).run();
}

}  // namespace vpclab::daemon
