#include "engine/base/text.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

bool is_form(const HttpRequest& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return equal_ignoring_ascii_case(type.substr(0, type.find_first_of("; \t")), "application/x-www-form-urlencoded");
}

HttpResponse no_form() {
  return problem_response(415, "unsupported-media-type", "the body is `application/x-www-form-urlencoded`");
}

// RFC 6749 §5.1: neither tokens nor what is said of them are kept on the way.
HttpResponse to_response(ExchangeAnswer answer) {
  HttpResponse response = json_response(answer.status, std::move(answer.body));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Pragma", "no-cache");
  return response;
}

}  // namespace

void answer_token(const ApiParts& parts, HttpRequest request, Responder responder) {
  if (!is_form(request)) return responder.respond(no_form());
  auto shared = std::make_shared<Responder>(std::move(responder));
  // A session is written durably before its token leaves: off the listener's threads.
  const bool queued = parts.disk.add([&parts, shared, body = request.take_body()] {
    parts.exchange.exchange(body, parts.clock.now(),
                            [shared](ExchangeAnswer answer) { shared->respond(to_response(std::move(answer))); });
  });
  if (!queued) shared->respond(problem_response(503, "overloaded", "too many sessions are being made; try again"));
}

void answer_revoke(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  if (!is_form(request)) return responder.respond(no_form());
  auto shared = std::make_shared<Responder>(std::move(responder));
  const bool queued = parts.disk.add([&parts, shared, caller = caller.name, body = request.take_body()] {
    SessionControl::TokenRevocation done = parts.control.revoke_token(body, caller, parts.clock.now());
    if (!done.session.empty()) {
      parts.notes.note({.actor = caller, .action = "session.revoke", .target = done.session});
    }
    shared->respond(to_response(std::move(done.answer)));
  });
  if (!queued) shared->respond(problem_response(503, "overloaded", "too much is waiting for the disk; try again"));
}

void answer_introspect(const ApiParts& parts, HttpRequest request, Responder responder) {
  if (!is_form(request)) return responder.respond(no_form());
  responder.respond(to_response(parts.control.introspect(request.body(), parts.clock.now())));
}

HttpResponse json_web_key_set(const ApiParts& parts) {
  HttpResponse response = json_response(200, parts.tokens.keys().jwks());
  response.headers.emplace_back("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace portreeve::pdp
