#include "tests/differential/policy_test_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/differential/world.h"

namespace portreeve::differential {
namespace {

// Copies members from what the wire calls them to what a case calls them; false where a member is left over that a case
// has no word for.
bool copy_known(const JsonValue& from, JsonValue& to, std::initializer_list<std::string_view> keys,
                std::initializer_list<std::string_view> implied) {
  if (from.as_object() == nullptr) return true;
  for (const auto& [key, value] : *from.as_object()) {
    const auto is_key = [&key = key](std::string_view other) { return key == other; };
    if (std::any_of(keys.begin(), keys.end(), is_key)) {
      to.set(key, value);
    } else if (std::none_of(implied.begin(), implied.end(), is_key)) {
      return false;
    }
  }
  return true;
}

// Both stages are asked, so what is asked about must be what the second sees, and the first must not stop it.
bool ask(const wire::EgressQuestion& egress, const Question& question, const wire::Decision& answer, JsonValue& out) {
  const JsonValue properties = question.request.resource_properties;
  const bool at_connect = egress.stage == wire::EgressStage::connect;
  if (!at_connect && answer.allowed) return false;
  const bool http = egress.protocol == wire::EgressProtocol::http;
  if (egress.path && !http) return false;
  out.set("egress", fmt::format("{}://{}{}", wire::to_text(egress.protocol), question.request.resource_id,
                                http ? egress.path.value_or("/") : ""));
  return copy_known(properties, out, {"addresses", "sni", "method"}, {"host", "port", "protocol", "path"});
}

bool ask(const wire::SecretQuestion& secret, const Question& question, const wire::Decision& answer, JsonValue& out) {
  if (!secret.use || !secret.upstream || answer.reason == wire::Reason::unknown_secret) return false;
  out.set("secret", secret.secret);
  return copy_known(question.request.resource_properties, out, {"use", "upstream", "method", "path", "model"}, {});
}

bool ask(const wire::ExecQuestion& exec, const Question& question, const wire::Decision&, JsonValue& out) {
  if (!exec.program.file || (exec.interpreter && !exec.interpreter->file)) return false;
  out.set("exec", list(std::vector{exec.program.path}));
  if (!exec.env.empty()) out.set("env", list(exec.env));
  return copy_known(question.request.resource_properties, out,
                    {"file", "stable", "interpreter", "cwd", "user", "terminal"}, {"env"});
}

bool ask(const wire::AccessQuestion&, const Question& question, const wire::Decision&, JsonValue& out) {
  const wire::Request& request = question.request;
  out.set("action", request.action);
  out.set("resource", object({{"type", request.resource_type}, {"id", request.resource_id}}));
  if (!request.resource_properties.is_null()) out.set("properties", request.resource_properties);
  return true;
}

std::optional<JsonValue> subject_of(const wire::Principal& principal) {
  if (principal.assurance == wire::Assurance::asserted) {
    JsonValue subject = object({{"type", principal.type}, {"id", principal.id}});
    if (!principal.properties.is_null()) subject.set("properties", principal.properties);
    return subject;
  }
  if (principal.chosen_tenant) return std::nullopt;
  JsonValue claims = principal.claims;
  claims.set("sub", principal.id.substr(principal.provider.size() + 1));
  return object({{"issuer", principal.provider}, {"claims", std::move(claims)}});
}

// A case's session is a stated one.
void add_session(const Question& question, JsonValue& out) {
  const auto& session = question.principal.session;
  if (!session) return;
  JsonValue stated = object();
  const std::int64_t age = question.time.unix_seconds() - session->started.unix_seconds();
  const std::int64_t seconds = session->stated_age ? session->stated_age->count() : age;
  if (seconds > 0) stated.set("age", fmt::format("{}s", seconds));
  if (session->stated_trust) stated.set("trust", *session->stated_trust);
  if (session->roles) stated.set("roles", JsonValue::Array(session->roles->begin(), session->roles->end()));
  JsonValue labels = object();
  for (const auto& [key, value] : session->labels) labels.set(key, value);
  if (!session->labels.empty()) stated.set("labels", std::move(labels));
  if (!stated.as_object()->empty()) out.set("session", std::move(stated));
}

void add_expectation(const wire::Decision& answer, JsonValue& out) {
  out.set("expect", answer.allowed ? "allow" : "deny");
  out.set("reason", wire::code(answer.reason));
  if (!answer.rule_reason.empty()) out.set("ruleReason", answer.rule_reason);
  if (!answer.rules.empty()) out.set("by", list(answer.rules));
  const JsonValue obligations = wire::obligations_to_json(answer.obligations);
  if (obligations.as_object() != nullptr && !obligations.as_object()->empty()) out.set("obligations", obligations);
  if (answer.dry_run) {
    JsonValue dry_run = object({{"decision", answer.dry_run->allowed ? "allow" : "deny"}});
    if (!answer.dry_run->rules.empty()) dry_run.set("rules", list(answer.dry_run->rules));
    out.set("dryRun", std::move(dry_run));
  }
}

}  // namespace

std::optional<std::string> policy_test_of(const Question& question, const wire::Decision& answer) {
  const auto subject = subject_of(question.principal);
  if (!subject || question.identity_failure) return std::nullopt;
  if (question.request.action_properties.as_object() != nullptr) return std::nullopt;
  JsonValue asked = object({{"as", "who"}, {"at", to_rfc3339(question.time)}});
  if (question.request.source) asked.set("source", *question.request.source);
  JsonValue context = object();
  if (!copy_known(question.request.context, context, {"n"}, {"source"})) return std::nullopt;
  if (!context.as_object()->empty()) {
    if (!std::holds_alternative<wire::AccessQuestion>(question.request.question)) return std::nullopt;
    asked.set("context", std::move(context));
  }
  const bool can_ask =
      std::visit([&](const auto& part) { return ask(part, question, answer, asked); }, question.request.question);
  if (!can_ask) return std::nullopt;
  add_session(question, asked);
  add_expectation(answer, asked);
  return fmt::format(
      "---\napiVersion: portreeve/v1\nkind: PolicyTest\nmetadata: {{ name: difference }}\nspec:\n"
      "  subjects:\n    who: {}\n  cases:\n    - {}\n",
      to_flow(*subject), to_flow(asked));
}

}  // namespace portreeve::differential
