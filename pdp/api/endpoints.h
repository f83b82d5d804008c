// One function a path. Private to api/.
#pragma once

#include "pdp/api/decision_api.h"

namespace portreeve::pdp {

// `/access/v1/evaluation` and `/access/v1/evaluations` (AuthZEN 1.0 §6, §7).
void answer_evaluation(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
void answer_evaluations(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/outcomes`: what a gate did.
void answer_outcomes(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder);
// `/v1/token` (RFC 8693).
void answer_token(const ApiParts& parts, HttpRequest request, Responder responder);
// `/.well-known/authzen-configuration` (AuthZEN 1.0 §9).
HttpResponse authzen_configuration(const ApiParts& parts);
HttpResponse json_web_key_set(const ApiParts& parts);
HttpResponse readiness_report(const daemon::Readiness& readiness);
HttpResponse metrics_text(daemon::Metrics& metrics);

HttpResponse json_response(int status, std::string body);
// 503 with the problem that a gate tells apart: `audit-unavailable` or `not-ready`.
HttpResponse failure_response(ServiceFailure failure);

// The trace id of a `traceparent` header (W3C Trace Context, version 00); empty where there is none or it is malformed.
std::string trace_id(const HttpRequest& request);

// An answer as AuthZEN's decision object.
std::string to_json(const RecordedAnswer& answer);

}  // namespace portreeve::pdp
