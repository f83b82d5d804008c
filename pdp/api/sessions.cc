#include <utility>

#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kSessions = "/v1/sessions/";

HttpResponse to_response(const SessionProblem& problem) {
  return problem_response(problem.status, problem.code, problem.message, problem.field);
}

HttpResponse to_response(SessionResult<JsonValue> result) {
  if (!result) return to_response(result.error());
  HttpResponse response = json_response(200, to_canonical_json(*result));
  response.headers.emplace_back("Cache-Control", "no-store");  // a token, or what changes any time
  return response;
}

// An action, off the listener's threads: what it changes is durable before it is answered.
void act(const ApiParts& parts, const Caller& caller, const SessionPath& path, const JsonValue& body,
         Responder responder) {
  const Timestamp now = parts.clock.now();
  const auto done = [&](std::string_view action, SessionResult<JsonValue> result, JsonValue detail = {}) {
    if (result) {
      parts.notes.note({.actor = caller.name, .action = action, .target = path.id, .detail = std::move(detail)});
    }
    responder.respond(to_response(std::move(result)));
  };
  switch (path.action) {
    case SessionAction::renew:
      return responder.respond(to_response(parts.control.renew(path.id, body, now)));
    case SessionAction::bind:
      return done("session.bind", parts.control.bind(path.id, body, now));
    case SessionAction::roles:
      return done("session.roles", parts.control.change_roles(path.id, body, caller.name, now), body);
    case SessionAction::end:
      return done("session.end", parts.control.end(path.id, body, caller.name, now));
    case SessionAction::read:
      return responder.respond(
          to_response(parts.revocations.find(path.id).map([&](const auto& found) { return to_json(*found, now); })));
  }
}

}  // namespace

std::optional<SessionPath> read_session_path(std::string_view path) {
  if (!path.starts_with(kSessions)) return std::nullopt;
  path.remove_prefix(kSessions.size());
  const std::size_t slash = path.find('/');
  const std::string_view id = path.substr(0, slash);
  if (id.empty()) return std::nullopt;
  if (slash == std::string_view::npos) return SessionPath{id, SessionAction::read};
  const std::string_view action = path.substr(slash + 1);
  if (action == "renew") return SessionPath{id, SessionAction::renew};
  if (action == "bind") return SessionPath{id, SessionAction::bind};
  if (action == "roles") return SessionPath{id, SessionAction::roles};
  if (action == "end") return SessionPath{id, SessionAction::end};
  return std::nullopt;
}

void answer_sessions(const ApiParts& parts, HttpRequest request, Responder responder) {
  auto filter = read_session_filter(request.query());
  if (!filter) return responder.respond(to_response(filter.error()));
  auto shared = std::make_shared<Responder>(std::move(responder));
  const bool queued = parts.disk.add([&parts, shared, filter = *std::move(filter)] {
    const Timestamp now = parts.clock.now();
    shared->respond(to_response(
        parts.revocations.list(filter, now).map([&](const auto& page) { return Revocations::to_json(page, now); })));
  });
  if (!queued) shared->respond(problem_response(503, "overloaded", "too much is waiting for the disk; try again"));
}

void answer_session(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  JsonValue body;
  if (!request.body().empty()) {
    auto read = read_json_body(request);
    if (!read) return responder.respond(std::move(read).error());
    body = *std::move(read);
  }
  auto shared = std::make_shared<Responder>(std::move(responder));
  auto kept = std::make_shared<HttpRequest>(std::move(request));
  const bool queued = parts.disk.add([&parts, caller, shared, kept, body = std::move(body)] {
    act(parts, caller, *read_session_path(kept->path()), body, std::move(*shared));
  });
  if (!queued) shared->respond(problem_response(503, "overloaded", "too much is waiting for the disk; try again"));
}

}  // namespace portreeve::pdp
