#include "pep/http/connect_request.h"

#include <utility>

namespace portreeve::pep {

std::variant<net::Endpoint, HeadError> read_connect(const RequestHead& head) {
  auto target = net::Endpoint::parse(head.target);
  if (!target) return HeadError{HeadFault::target, 400, "the CONNECT target is refused: " + target.error().message};
  const std::string* host = head.find("host");
  const auto named = net::Endpoint::parse(host == nullptr ? "" : *host, target->port);
  if (!named || *named != *target) {
    return HeadError{HeadFault::host, 400, "the Host header does not name the CONNECT target"};
  }
  if (head.framing == Framing::chunked || head.content_length > 0) {
    return HeadError{HeadFault::body, 400, "a CONNECT request has no body"};
  }
  return std::move(*target);
}

}  // namespace portreeve::pep
