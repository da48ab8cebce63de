#include "lab/impairment.h"

namespace vpclab::lab {

Impairment parseImpairment(Context& context, const Object& object) {
  Impairment out;
  for (const std::string_view key : {"bandwidth", "rate"}) {
    if (object.has(key)) {
      out.rate = object.bandwidth(key);
      out.ratePos = object.pos(key);
    }
  }
  if (object.has("bandwidth") && object.has("rate")) {
    context.report.error(object.keyPos("rate"), "`rate` beside `bandwidth`", "both limit the same line: one of them");
  }
  if (object.has("delay")) {
    out.delay = object.microseconds("delay");
    out.delayPos = object.pos("delay");
  }
  if (object.has("jitter")) {
    out.jitter = object.microseconds("jitter");
    out.jitterPos = object.pos("jitter");
    if (!object.has("delay")) {
      context.report.error(object.keyPos("jitter"), "`jitter` has no effect without `delay`",
                           "it is how much the delay varies, as in `delay: 20ms` and `jitter: 5ms`");
    } else if (out.jitter > out.delay) {
      context.report.error(object.pos("jitter"), "the jitter is more than the delay",
                           "each packet is delayed by `delay` and up to `jitter` more or less");
    }
  }
  if (object.has("loss")) {
    out.lossPerMillion = object.loss("loss");
    out.lossPos = object.pos("loss");
  }
  return out;
}

}  // namespace vpclab::lab
