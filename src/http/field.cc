#include "http/field.h"

#include "http/chars.h"

namespace vpclab::http {

FieldKind kindOf(std::string_view fieldName) {
  // Most names differ in their first letter already.
  const auto is = [fieldName](std::string_view known) {
    return lower(fieldName.front()) == known.front() && equalsIgnoringCase(fieldName, known);
  };
  using enum FieldKind;
  switch (fieldName.size()) {
    case 2:
      return is("te") ? kOtherHopByHop : kOther;
    case 4:
      return is("host") ? kHost : kOther;
    case 6:
      return is("cookie") ? kCookie : is("expect") ? kExpect : kOther;
    case 7:
      return is("upgrade") ? kUpgrade : kOther;
    case 10:
      return is("connection")   ? kConnection
             : is("set-cookie") ? kSetCookie
             : is("keep-alive") ? kOtherHopByHop
                                : kOther;
    case 12:
      return is("max-forwards") ? kMaxForwards : kOther;
    case 14:
      return is("content-length") ? kContentLength : is("http2-settings") ? kOtherHopByHop : kOther;
    case 16:
      return is("proxy-connection") ? kOtherHopByHop : kOther;
    case 17:
      return is("transfer-encoding") ? kTransferEncoding : kOther;
    case 18:
      return is("proxy-authenticate") ? kOtherHopByHop : kOther;
    case 19:
      return is("proxy-authorization") ? kOtherHopByHop : kOther;
    default:
      return kOther;
  }
}

}  // namespace vpclab::http
