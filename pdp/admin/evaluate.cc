// `/v1/evaluate`: a question tried out, answered with all that was considered.
#include <fmt/format.h>

#include "engine/base/text.h"
#include "engine/reader/request_reader.h"
#include "engine/wire/reason.h"
#include "pdp/admin/endpoints.h"
#include "pdp/admin/explanation.h"
#include "storage/sessions/principal.h"

namespace portreeve::pdp {
namespace {

tl::unexpected<HttpResponse> bad(std::string_view field, std::string_view why) {
  return refuse(400, "bad-request", why, field);
}

// The member of that name as a text; nothing where it is absent.
Step<std::optional<std::string>> text_member(const JsonValue& object, std::string_view name, std::string_view field) {
  const JsonValue* const value = object.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->as_string() == nullptr) return bad(field, fmt::format("`{}` is a string", name));
  return *value->as_string();
}

// As the decision API would find a session's state.
std::optional<wire::Reason> failure_of(const storage::Session& session, Timestamp now) {
  if (session.revoked) return wire::Reason::session_revoked;
  if (session.ended || session.expires <= now) return wire::Reason::session_ended;
  return std::nullopt;
}

// Who would ask: a session by its id alone, a person with simulated claims, or anything on the asker's word.
Step<bool> set_subject(const AdminContext& context, const AdminCall& call, const JsonValue& body,
                       const compile::Snapshot& snapshot, reader::Question& question) {
  wire::Request& request = question.request;
  const std::string& id = question.subject.id;
  if (question.subject.type == "session") {
    const auto session = context.parts.revocations.find(id);
    if (!session || !call.grant.covers((*session)->tenant)) {
      return refuse(404, "session-unknown", "there is no session of that id", "/subject/id");
    }
    request.principal = storage::principal_of(**session, (*session)->expires);
    request.identity_failure = failure_of(**session, request.time);
    return true;
  }
  request.principal.type = question.subject.type;
  request.principal.id = id;
  const JsonValue* const claims = body.find("subject")->find("claims");
  if (question.subject.type != "user" || claims == nullptr) {
    if (question.subject.type == "user") request.principal.provider = id.substr(0, id.find('/'));
    request.principal.properties = question.subject.properties;
    return true;
  }
  const std::size_t slash = id.find('/');
  const model::IdentityProvider* const provider =
      slash == std::string::npos ? nullptr : snapshot.directory().provider(id.substr(0, slash));
  if (provider == nullptr)
    return bad("/subject/id", "a user is `PROVIDER/SUB`, of an IdentityProvider of the revision");
  if (claims->as_object() == nullptr) return bad("/subject/claims", "`claims` is an object");
  STEP(request.principal.chosen_tenant, text_member(*body.find("subject"), "tenant", "/subject/tenant"));
  request.principal.assurance = wire::Assurance::verified;
  request.principal.provider = provider->name;
  request.principal.claims = *claims;
  request.principal.claims.set("sub", id.substr(slash + 1));
  // As if a session of this subject asked: the domains are judged for sessions only.
  request.principal.session = wire::SessionFacts{"ses_simulated", request.time, {}, {}, {}};
  return true;
}

JsonValue answer_json(const analyze::Explanation& explained, const PolicyRevision& revision) {
  const wire::Decision& decision = explained.decision;
  JsonValue out = JsonValue::Object{
      {"cacheFor", decision.cache_for.count()},
      {"decision", decision.allowed},
      {"explanation", analyze::to_json(&explained)},
      {"meaning", wire::meaning(decision.reason)},
      {"policies", to_json(excerpts(revision, decision.rules))},
      {"reason", wire::code(decision.reason)},
      {"revision", revision.snapshot->revision()},
      {"roles", analyze::to_json(explained.roles)},
      {"rules", JsonValue::Array(decision.rules.begin(), decision.rules.end())},
  };
  if (!decision.rule_reason.empty()) out.set("ruleReason", decision.rule_reason);
  if (decision.tenant) out.set("tenant", *decision.tenant);
  if (JsonValue obligations = wire::obligations_to_json(decision.obligations); !obligations.is_null()) {
    out.set("obligations", std::move(obligations));
  }
  if (decision.dry_run) {
    out.set("dryRun", JsonValue::Object{
                          {"decision", decision.dry_run->allowed},
                          {"rules", JsonValue::Array(decision.dry_run->rules.begin(), decision.dry_run->rules.end())}});
  }
  return out;
}

Step<AdminResponse> evaluate(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  STEP(const JsonValue body, read_body(call.request));
  auto question = reader::read_question(body);
  if (!question) return bad(question.error().field, question.error().message);
  STEP(const auto wanted, text_member(body, "revision", "/revision"));
  STEP(const auto moment, text_member(body, "time", "/time"));
  question->request.time = context.parts.clock.now();
  if (moment) {
    const auto time = Timestamp::parse(*moment);
    if (!time) return bad("/time", time.error().message);
    question->request.time = *time;
  }
  const auto active = context.parts.snapshots.load();
  if (active == nullptr) return refuse(503, "not-ready", "no policy revision is active");
  if (wanted && !is_revision(*wanted)) return bad("/revision", "a revision is `sha256:` and 64 digits");
  const auto revision = context.policies.find(wanted.value_or(active->revision()));
  if (!revision) return refuse(404, "not-found", revision.error().message, "/revision");
  STEP([[maybe_unused]] const bool set, set_subject(context, call, body, *(*revision)->snapshot, *question));
  return json_answer(
      answer_json(analyze::explain(*(*revision)->snapshot, question->request, &(*revision)->files), **revision));
}

}  // namespace

std::vector<AdminRoute> evaluate_routes() {
  return {{"POST", "/v1/evaluate", AdminRoute::For::visitors, {{"evaluate", "policy"}}, evaluate}};
}

}  // namespace portreeve::pdp
