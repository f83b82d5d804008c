#include "engine/wire/request.h"

#include "engine/base/check.h"

namespace portreeve::wire {

std::string_view to_text(EgressProtocol protocol) {
  switch (protocol) {
    case EgressProtocol::tls:
      return "tls";
    case EgressProtocol::http:
      return "http";
    case EgressProtocol::tcp:
      return "tcp";
    case EgressProtocol::connect:
      return "connect";
  }
  UNREACHABLE_DENY("");
}

std::optional<EgressProtocol> egress_protocol_from_text(std::string_view text) {
  for (const auto protocol :
       {EgressProtocol::tls, EgressProtocol::http, EgressProtocol::tcp, EgressProtocol::connect}) {
    if (to_text(protocol) == text) return protocol;
  }
  return std::nullopt;
}

}  // namespace portreeve::wire
