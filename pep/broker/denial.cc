#include "pep/broker/denial.h"

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
  if (*known == wire::Reason::token_missing) return "send the session token where the API key would be";
  if (*known == wire::Reason::token_expired) return "get a new session token and try again";
  if (*known == wire::Reason::default_deny) return "use a model and path that are allowed, or ask for this one";
  if (*known == wire::Reason::rule_deny) return "do not try again";
  if (*known == wire::Reason::limit_requests) return "try again when the time in Retry-After is over";
  if (*known == wire::Reason::limit_connections) return "close a connection and try again";
  if (*known == wire::Reason::pdp_unavailable || *known == wire::Reason::audit_unavailable ||
      *known == wire::Reason::connect_refused || *known == wire::Reason::connect_timeout) {
    return "try again later";
  }
  return "";
}

}  // namespace

BrokerDenial broker_denial(wire::Reason reason, int status, std::string detail) {
  BrokerDenial denial;
  denial.status = status;
  denial.reason = wire::code(reason);
  denial.detail = std::move(detail);
  return denial;
}

std::string message_of(const BrokerDenial& denial) {
  std::string message;
  if (!denial.secret.empty()) message = denial.secret + ": ";
  const auto known = wire::reason_from_code(denial.reason);
  message += known ? wire::meaning(*known) : std::string_view("the request is refused");
  if (!denial.rule_reason.empty()) message += " (" + denial.rule_reason + ")";
  if (!denial.detail.empty()) message += " (" + denial.detail + ")";
  const std::string_view next = advice(denial.reason);
  if (!next.empty()) message += "; " + std::string(next);
  return message;
}

std::string response_of(const BrokerDenial& denial, AfterDenial after, bool with_body) {
  const std::string message = message_of(denial);
  JsonValue body(JsonValue::Object{
      {"decision", false},
      {"error", JsonValue::Object{{"code", denial.reason}, {"message", message}, {"type", "portreeve_denial"}}},
      {"message", message},
      {"reason", denial.reason},
      {"type", "error"}});
  if (!denial.rule_reason.empty()) body.set("ruleReason", denial.rule_reason);
  if (!denial.decision.empty()) body.set("id", denial.decision);
  if (!denial.secret.empty()) body.set("secret", denial.secret);
  const std::string text = to_canonical_json(body) + "\n";
  std::string response =
      "HTTP/1.1 " + std::to_string(denial.status) + " " + std::string(status_phrase(denial.status)) + "\r\n";
  response += "content-type: application/json\r\ncontent-length: " + std::to_string(text.size()) + "\r\n";
  response += "x-deny-reason: " + denial.reason + "\r\n";
  if (!denial.decision.empty()) response += "x-decision-id: " + denial.decision + "\r\n";
  if (denial.status == 401) response += "www-authenticate: Basic realm=\"portreeve\"\r\n";
  if (denial.retry_after > 0) response += "retry-after: " + std::to_string(denial.retry_after) + "\r\n";
  response += std::string("connection: ") + (after == AfterDenial::keep ? "keep-alive" : "close") + "\r\n\r\n";
  return with_body ? response + text : response;
}

}  // namespace portreeve::pep
