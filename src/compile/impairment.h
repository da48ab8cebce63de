#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.h"
#include "state/capabilities.h"
#include "state/routing.h"

// How a line's impairments become kernel objects. What a line does it does in each direction: each end of the cable
// delays, loses and limits what leaves there (tc-netem(8), tc-tbf(8)). Without netem, loss is a rule at the ingress of
// each end.
namespace vpclab::compile {

// Something that the line asks for and this kernel cannot do.
struct Unable {
  base::SourcePos pos;
  std::string what;    // "delay"
  std::string needs;   // "netem (the kernel module sch_netem)"
  std::string remedy;  // what to install
};
std::vector<Unable> unableTo(const lab::Impairment& line, const state::Capabilities& capabilities);

// The queueing discipline at an end of the cable; nullopt: none is needed.
std::optional<state::Qdisc> qdiscFor(const std::string& netns, const std::string& link, const lab::Impairment& line,
                                     const state::Capabilities& capabilities);

// How many of a million packets a rule at the ingress of an end drops; 0: none, or netem does it.
std::uint32_t ingressLossFor(const lab::Impairment& line, const state::Capabilities& capabilities);

}  // namespace vpclab::compile
