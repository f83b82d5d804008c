// One function a path. Private to api/.
#pragma once

#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "engine/base/json_value.h"
#include "pdp/api/decision_api.h"

namespace portreeve::pdp {

// `/access/v1/evaluation` and `/access/v1/evaluations` (AuthZEN 1.0 §6, §7).
void answer_evaluation(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
void answer_evaluations(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/outcomes`: what a gate did.
void answer_outcomes(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/token` (RFC 8693).
void answer_token(const ApiParts& parts, HttpRequest request, Responder responder);
// `/v1/revoke` (RFC 7009) and `/v1/introspect` (RFC 7662).
void answer_revoke(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
void answer_introspect(const ApiParts& parts, HttpRequest request, Responder responder);
// `/v1/sessions`, `/v1/sessions/ID` and `/v1/sessions/ID/renew|bind|roles|end`.
void answer_sessions(const ApiParts& parts, HttpRequest request, Responder responder);
void answer_session(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/events`.
void answer_events(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/secrets`: what the broker serves, by the active revision.
HttpResponse secrets_document(const ApiParts& parts, const HttpRequest& request);
// `/.well-known/authzen-configuration` (AuthZEN 1.0 §9).
HttpResponse authzen_configuration(const ApiParts& parts);
HttpResponse json_web_key_set(const ApiParts& parts);
HttpResponse readiness_report(const daemon::Readiness& readiness);
HttpResponse metrics_text(daemon::Metrics& metrics);

enum class SessionAction : std::uint8_t { read, renew, bind, roles, end };
struct SessionPath {
  std::string_view id;  // not empty, without `/`; whether there is such a session is another question
  SessionAction action = SessionAction::read;
};
// Reads `/v1/sessions/ID` and `/v1/sessions/ID/ACTION`. Total.
std::optional<SessionPath> read_session_path(std::string_view path);

HttpResponse json_response(int status, std::string body);
// The parsed body, or the answer that says what is wrong with it.
tl::expected<JsonValue, HttpResponse> read_json_body(const HttpRequest& request);
// 503 with the problem that a gate tells apart: `audit-unavailable` or `not-ready`.
HttpResponse failure_response(ServiceFailure failure);

// The trace id of a `traceparent` header (W3C Trace Context, version 00); empty where there is none or it is malformed.
std::string trace_id(const HttpRequest& request);

// An answer as AuthZEN's decision object.
std::string to_json(const RecordedAnswer& answer);

}  // namespace portreeve::pdp
