#include "pdp/api/decision_api.h"

#include <array>
#include <utility>

#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

// Gives the caller's `X-Request-ID` back (AuthZEN 1.0 §10.1.3) and measures, whatever thread the answer comes from.
class TrackedSink final : public ResponseSink {
 public:
  TrackedSink(Responder responder, std::string request_id, daemon::Histogram& latency, const daemon::Clock& clock)
      : responder_(std::move(responder)),
        request_id_(std::move(request_id)),
        latency_(latency),
        clock_(clock),
        started_(clock.steady_micros()) {}

  void answer(HttpResponse response) override {
    if (!request_id_.empty()) response.headers.emplace_back("X-Request-ID", request_id_);
    latency_.observe(static_cast<double>(clock_.steady_micros() - started_) / 1e6);
    responder_.respond(std::move(response));
  }

 private:
  Responder responder_;
  const std::string request_id_;
  daemon::Histogram& latency_;
  const daemon::Clock& clock_;
  const std::int64_t started_;
};

enum class Endpoint : std::uint8_t {
  evaluation,
  evaluations,
  outcomes,
  token,
  revoke,
  introspect,
  sessions,
  session,
  events,
  secrets,
  configuration,
  keys,
  health,
  ready,
  metrics
};

// Whose path it is. A supervisor of one session is a gate of its own kind: `gates` are all others.
enum class Access : std::uint8_t { anyone, gates_and_supervisors, gates, orchestrators, brokers };

struct Route {
  std::string_view path;
  std::string_view method;
  Endpoint endpoint;
  Access access;
};

constexpr auto kRoutes = std::to_array<Route>({
    {"/access/v1/evaluation", "POST", Endpoint::evaluation, Access::gates_and_supervisors},
    {"/access/v1/evaluations", "POST", Endpoint::evaluations, Access::gates_and_supervisors},
    {"/v1/outcomes", "POST", Endpoint::outcomes, Access::gates_and_supervisors},
    {"/v1/events", "GET", Endpoint::events, Access::gates_and_supervisors},
    {"/v1/token", "POST", Endpoint::token, Access::anyone},
    {"/v1/revoke", "POST", Endpoint::revoke, Access::orchestrators},
    {"/v1/introspect", "POST", Endpoint::introspect, Access::gates},
    {"/v1/sessions", "GET", Endpoint::sessions, Access::orchestrators},
    {"/v1/secrets", "GET", Endpoint::secrets, Access::brokers},
    {"/.well-known/authzen-configuration", "GET", Endpoint::configuration, Access::anyone},
    {"/.well-known/jwks.json", "GET", Endpoint::keys, Access::anyone},
    {"/healthz", "GET", Endpoint::health, Access::anyone},
    {"/readyz", "GET", Endpoint::ready, Access::anyone},
    {"/metrics", "GET", Endpoint::metrics, Access::anyone},
});
constexpr Route kOneSession{"/v1/sessions/ID", "GET", Endpoint::session, Access::orchestrators};
constexpr Route kSessionAction{"/v1/sessions/ID/ACTION", "POST", Endpoint::session, Access::orchestrators};

const Route* find_route(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.path == path) return &route;
  }
  const auto session = read_session_path(path);
  if (!session) return nullptr;
  return session->action == SessionAction::read ? &kOneSession : &kSessionAction;
}

bool may_use(const Caller& caller, Access access) {
  if (caller.is_supervisor()) return access == Access::gates_and_supervisors;
  switch (access) {
    case Access::anyone:
    case Access::gates_and_supervisors:
    case Access::gates:
      return true;
    case Access::orchestrators:
      return caller.domains.contains(storage::PepDomain::sessions);
    case Access::brokers:
      return caller.domains.contains(storage::PepDomain::secrets);
  }
  return false;
}

HttpResponse method_not_allowed(const Route& route) {
  HttpResponse response = problem_response(405, "method-not-allowed", "this path answers another method, see `Allow`");
  response.headers.emplace_back("Allow", route.method == "GET" ? "GET, HEAD" : std::string(route.method));
  return response;
}

HttpResponse unauthenticated() {
  HttpResponse response =
      problem_response(401, "unauthenticated", "a gate's credential is needed: `Authorization: Bearer pep_…`");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"portreeve\"");
  return response;
}

PeerCredentials credentials_of(const HttpPeer& peer) {
  PeerCredentials credentials;
  if (peer.kind == HttpPeer::Kind::unix_socket) credentials.unix_uid = peer.uid;
  return credentials;
}

}  // namespace

DecisionApi::DecisionApi(ApiParts parts)
    : parts_(std::move(parts)),
      latency_(parts_.metrics.histogram("portreeve_http_request_seconds", "Time from a request to its answer.",
                                        daemon::latency_bounds())),
      requests_(parts_.metrics.counter("portreeve_http_requests_total", "Requests on the decision listener.")),
      unauthenticated_(
          parts_.metrics.counter("portreeve_http_unauthenticated_total", "Requests without a valid credential.")) {}

void DecisionApi::handle(HttpRequest request, Responder plain_responder) const {
  requests_.add();
  Responder responder(std::make_shared<TrackedSink>(
      std::move(plain_responder), std::string(request.header("X-Request-ID").value_or("")), latency_, parts_.clock));
  const Route* route = find_route(request.path());
  if (route == nullptr) return responder.respond(problem_response(404, "not-found", "no such path"));
  const bool head = request.method() == "HEAD" && route->method == "GET";
  if (request.method() != route->method && !head) return responder.respond(method_not_allowed(*route));

  Caller caller;
  if (route->access != Access::anyone) {
    auto known =
        parts_.peps.authenticate(request.header("Authorization"), credentials_of(request.peer()), parts_.clock.now());
    if (!known) {
      unauthenticated_.add();
      return responder.respond(unauthenticated());
    }
    caller = *std::move(known);
    if (!may_use(caller, route->access)) {
      return responder.respond(
          problem_response(403, "domain-not-allowed", "this gate's credential does not cover this path"));
    }
  }
  switch (route->endpoint) {
    case Endpoint::evaluation:
      return answer_evaluation(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::evaluations:
      return answer_evaluations(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::outcomes:
      return answer_outcomes(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::token:
      return answer_token(parts_, std::move(request), std::move(responder));
    case Endpoint::revoke:
      return answer_revoke(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::introspect:
      return answer_introspect(parts_, std::move(request), std::move(responder));
    case Endpoint::sessions:
      return answer_sessions(parts_, std::move(request), std::move(responder));
    case Endpoint::session:
      return answer_session(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::events:
      return answer_events(parts_, caller, std::move(request), std::move(responder));
    case Endpoint::secrets:
      return responder.respond(secrets_document(parts_, request));
    case Endpoint::configuration:
      return responder.respond(authzen_configuration(parts_));
    case Endpoint::keys:
      return responder.respond(json_web_key_set(parts_));
    case Endpoint::health:
      return responder.respond(json_response(200, R"({"status":"ok"})"));
    case Endpoint::ready:
      return responder.respond(readiness_report(parts_.readiness));
    case Endpoint::metrics:
      return responder.respond(metrics_text(parts_.metrics));
  }
}

}  // namespace portreeve::pdp
