#include "pep/egress/denial.h"

#include <optional>
#include <utility>

#include "engine/base/json_value.h"
#include "pep/http/status.h"

namespace portreeve::pep {
namespace {

// What the reader can do about it; empty where trying anything else is pointless to suggest.
std::string_view advice(std::string_view reason) {
  const auto known = wire::reason_from_code(reason);
  if (!known) return "";
  // Only the reasons that leave something to do.
  if (*known == wire::Reason::token_missing) return "send the session token in Proxy-Authorization";
  if (*known == wire::Reason::token_expired) return "get a new session token and try again";
  if (*known == wire::Reason::default_deny)
    return "use a destination that is allowed, or ask for this one to be allowed";
  if (*known == wire::Reason::rule_deny) return "do not try again";
  if (*known == wire::Reason::pdp_unavailable || *known == wire::Reason::audit_unavailable) return "try again later";
  if (*known == wire::Reason::limit_connections) return "close a connection and try again";
  if (*known == wire::Reason::connect_refused || *known == wire::Reason::connect_timeout) return "try again later";
  if (reason.rfind("guard:", 0) == 0) return "no rule opens it, so do not try again";
  return "";
}

}  // namespace

Denial denial_of(wire::Reason reason, int status, std::string detail) {
  Denial denial;
  denial.status = status;
  denial.reason = wire::code(reason);
  denial.detail = std::move(detail);
  return denial;
}

std::string message_of(const Denial& denial) {
  std::string message;
  if (!denial.host.empty()) {
    const bool is_v6 = denial.host.find(':') != std::string::npos;
    message = (is_v6 ? "[" + denial.host + "]" : denial.host) + ":" + std::to_string(denial.port) + ": ";
  }
  const auto known = wire::reason_from_code(denial.reason);
  message += known ? wire::meaning(*known) : std::string_view("the connection is refused");
  if (!denial.rule_reason.empty()) message += " (" + denial.rule_reason + ")";
  if (!denial.detail.empty()) message += " (" + denial.detail + ")";
  const std::string_view next = advice(denial.reason);
  if (!next.empty()) message += "; " + std::string(next);
  return message;
}

std::string response_of(const Denial& denial, bool keep_alive) {
  JsonValue body(JsonValue::Object{{"decision", false}, {"reason", denial.reason}, {"message", message_of(denial)}});
  if (!denial.rule_reason.empty()) body.set("ruleReason", denial.rule_reason);
  if (!denial.decision.empty()) body.set("id", denial.decision);
  if (!denial.host.empty()) {
    body.set("host", denial.host);
    body.set("port", std::int64_t{denial.port});
  }
  const std::string text = to_canonical_json(body) + "\n";
  std::string response =
      "HTTP/1.1 " + std::to_string(denial.status) + " " + std::string(status_phrase(denial.status)) + "\r\n";
  response += "content-type: application/json\r\ncontent-length: " + std::to_string(text.size()) + "\r\n";
  response += "x-deny-reason: " + denial.reason + "\r\n";
  if (!denial.decision.empty()) response += "x-decision-id: " + denial.decision + "\r\n";
  if (denial.status == 407) response += "Proxy-Authenticate: Basic realm=\"portreeve\"\r\n";
  response += std::string("connection: ") + (keep_alive ? "keep-alive" : "close") + "\r\n\r\n";
  return response + text;
}

}  // namespace portreeve::pep
