#include "tests/differential/question.h"

#include "engine/reader/request_reader.h"
#include "tests/differential/world.h"

namespace portreeve::differential {
namespace {

JsonValue to_json_value(const wire::SessionFacts& session) {
  JsonValue out = object({{"id", session.id}, {"started", to_rfc3339(session.started)}});
  JsonValue labels = object();
  for (const auto& [key, value] : session.labels) labels.set(key, value);
  out.set("labels", std::move(labels));
  if (session.stated_age) out.set("age", std::int64_t{session.stated_age->count()});
  if (session.stated_trust) out.set("trust", *session.stated_trust);
  if (session.roles) out.set("roles", JsonValue::Array(session.roles->begin(), session.roles->end()));
  return out;
}

JsonValue to_json_value(const wire::Principal& principal) {
  JsonValue out = object({{"assurance", principal.assurance == wire::Assurance::verified ? "verified" : "asserted"},
                          {"type", principal.type},
                          {"id", principal.id},
                          {"provider", principal.provider},
                          {"claims", principal.claims},
                          {"properties", principal.properties}});
  if (principal.chosen_tenant) out.set("chosenTenant", *principal.chosen_tenant);
  if (principal.session) out.set("session", to_json_value(*principal.session));
  if (principal.token_expires) out.set("tokenExpires", to_rfc3339(*principal.token_expires));
  return out;
}

}  // namespace

JsonValue evaluation_body(std::string_view action, std::string_view type, std::string_view id, JsonValue properties,
                          JsonValue context) {
  JsonValue resource = object({{"type", type}, {"id", id}});
  if (!properties.is_null()) resource.set("properties", std::move(properties));
  JsonValue body = object({{"subject", object({{"type", "generated"}, {"id", "generated"}})},
                           {"action", object({{"name", action}})},
                           {"resource", std::move(resource)}});
  if (!context.is_null()) body.set("context", std::move(context));
  return body;
}

std::optional<Question> make_question(JsonValue body, wire::Principal principal, Timestamp time,
                                      std::optional<wire::Reason> identity_failure) {
  auto read = reader::read_question(body);
  if (!read) return std::nullopt;
  wire::Request request = std::move(read->request);
  request.principal = principal;
  request.time = time;
  request.identity_failure = identity_failure;
  return Question{std::move(body), std::move(principal), time, identity_failure, std::move(request)};
}

std::string to_json(const Question& question) {
  JsonValue shown = object(
      {{"body", question.body}, {"principal", to_json_value(question.principal)}, {"time", to_rfc3339(question.time)}});
  if (question.identity_failure) shown.set("identityFailure", wire::code(*question.identity_failure));
  return to_canonical_json(shown);
}

}  // namespace portreeve::differential
