#include "pdp/session/token_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/session/form.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kGrantType = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kTokenTypes = "urn:ietf:params:oauth:token-type:";
constexpr std::size_t kMostLabels = 32;
constexpr std::size_t kLabelNameBytes = 64;
constexpr std::size_t kLabelValueBytes = 256;

ExchangeAnswer refuse(int status, std::string_view error, std::string_view description, std::string detail = {}) {
  ExchangeAnswer answer;
  answer.status = status;
  answer.body = to_canonical_json(JsonValue::Object{{"error", error}, {"error_description", description}});
  answer.detail = detail.empty() ? std::string(description) : std::move(detail);
  return answer;
}

ExchangeAnswer invalid_request(std::string_view description, std::string detail = {}) {
  return refuse(400, "invalid_request", description, std::move(detail));
}

// The field, or an empty text where there is none: none of ours means anything empty.
std::string_view field(const Form& form, std::string_view name) {
  const auto at = form.find(name);
  return at == form.end() ? std::string_view() : std::string_view(at->second);
}

bool is_token_type(std::string_view type, std::initializer_list<std::string_view> names) {
  return type.starts_with(kTokenTypes) && std::ranges::find(names, type.substr(kTokenTypes.size())) != names.end();
}

// What is wrong with the form as such; nothing where it is in order.
std::optional<ExchangeAnswer> refuse_form(const Form& form) {
  const std::string_view grant = field(form, "grant_type");
  if (grant.empty()) return invalid_request("`grant_type` is missing");
  if (grant != kGrantType) {
    return refuse(400, "unsupported_grant_type", fmt::format("`grant_type` must be `{}`", kGrantType));
  }
  if (field(form, "subject_token").empty()) return invalid_request("`subject_token` is missing");
  if (!is_token_type(field(form, "subject_token_type"), {"access_token", "id_token", "jwt"})) {
    return invalid_request(
        "`subject_token_type` must be `urn:ietf:params:oauth:token-type:` and `access_token`, "
        "`id_token` or `jwt`");
  }
  if (form.contains("requested_token_type") &&
      !is_token_type(field(form, "requested_token_type"), {"access_token", "jwt"})) {
    return invalid_request("`requested_token_type` must be `urn:ietf:params:oauth:token-type:jwt`");
  }
  if (form.contains("actor_token") || form.contains("actor_token_type")) {
    return invalid_request("`actor_token` is not supported");
  }
  if (form.contains("resource") || (form.contains("audience") && field(form, "audience") != kWorkloadAudience)) {
    return refuse(400, "invalid_target",
                  fmt::format("session tokens are for the audience `{}` alone", kWorkloadAudience));
  }
  return std::nullopt;
}

Result<std::map<std::string, std::string>> read_labels(std::string_view text) {
  std::map<std::string, std::string> labels;
  if (text.empty()) return labels;
  const auto value = reader::parse_json(text, {.bytes = kFormBytes});
  if (!value) return fail("`session_labels` is not JSON: " + value.error().message);
  const JsonValue::Object* object = value->as_object();
  if (object == nullptr || object->size() > kMostLabels) {
    return fail(fmt::format("`session_labels` is no JSON object of at most {} members", kMostLabels));
  }
  for (const auto& [name, label] : *object) {
    const std::string* content = label.as_string();
    if (name.empty() || name.size() > kLabelNameBytes || content == nullptr || content->size() > kLabelValueBytes) {
      return fail(fmt::format("`session_labels`: names have 1 to {} bytes, values are strings of at most {}",
                              kLabelNameBytes, kLabelValueBytes));
    }
    labels.emplace(name, *content);
  }
  return labels;
}

ExchangeAnswer refuse_token(const TokenRefusal& refusal) {
  switch (refusal.failure) {
    case TokenFailure::invalid:
      return invalid_request("the subject_token is not valid", refusal.detail);
    case TokenFailure::expired:
      return invalid_request("the subject_token has expired", refusal.detail);
    case TokenFailure::keys_unavailable:
      return refuse(503, "temporarily_unavailable", "the issuer's keys cannot be had now; try again", refusal.detail);
  }
  return invalid_request("the subject_token is not valid", refusal.detail);
}

// The tenant of the session: the one there is, or the one asked for.
Result<std::optional<std::string>> choose_tenant(const std::vector<std::string>& allowed, std::string_view asked) {
  if (asked.empty()) {
    if (allowed.size() > 1) return fail("the subject has several tenants; choose one by `tenant`");
    return allowed.empty() ? std::optional<std::string>() : std::optional(allowed.front());
  }
  if (std::ranges::find(allowed, asked) == allowed.end()) return fail("`tenant` is none of the subject's");
  return std::optional<std::string>(asked);
}

// Who would have the session.
wire::Principal subject_of(const storage::NewSession& session) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = session.provider + "/" + session.sub;
  principal.provider = session.provider;
  principal.claims = session.claims;
  principal.chosen_tenant = session.tenant;
  return principal;
}

}  // namespace

struct TokenExchange::Request {
  std::map<std::string, std::string> labels;
  std::string tenant;
  std::optional<std::vector<std::string>> scope;  // the roles to activate; absent: all
};

TokenExchange::TokenExchange(TokenVerifier& verifier, storage::SessionStore& sessions, const SessionTokens& tokens,
                             ClaimMapper map, RoleActivator roles, ExchangeSettings settings)
    : verifier_(verifier),
      sessions_(sessions),
      tokens_(tokens),
      map_(std::move(map)),
      roles_(std::move(roles)),
      settings_(settings) {}

void TokenExchange::exchange(std::string_view form_body, Timestamp now,
                             std::function<void(ExchangeAnswer)> done) const {
  const auto form = parse_form(form_body);
  if (!form) return done(invalid_request(form.error().message));
  if (auto refusal = refuse_form(*form)) return done(std::move(*refusal));
  auto labels = read_labels(field(*form, "session_labels"));
  if (!labels) return done(invalid_request(labels.error().message));
  Request request{std::move(*labels), std::string(field(*form, "tenant")), std::nullopt};
  if (form->contains("scope")) {
    auto scope = parse_scope(field(*form, "scope"));
    if (!scope) return done(refuse(400, "invalid_scope", scope.error().message));
    request.scope = *std::move(scope);
  }
  verifier_.verify(std::string(field(*form, "subject_token")), now,
                   [this, now, request = std::move(request), done = std::move(done)](const TokenVerdict& verdict) {
                     done(verdict ? open_session(request, *verdict.claims(), now) : refuse_token(verdict.refusal()));
                   });
}

ExchangeAnswer TokenExchange::open_session(const Request& request, const VerifiedClaims& claims, Timestamp now) const {
  auto mapped = map_(claims);
  if (!mapped) return invalid_request("the subject_token names no subject that policies know", mapped.error().message);
  if (mapped->unusable) return invalid_request(*mapped->unusable);
  auto tenant = choose_tenant(mapped->tenants, request.tenant);
  if (!tenant) return invalid_request(tenant.error().message);
  storage::NewSession wanted{claims.provider(), mapped->sub,    *tenant,
                             claims.claims(),   request.labels, settings_.session_lifetime};
  if (request.scope) {
    auto roles = roles_.create(subject_of(wanted), now, *request.scope);
    if (!roles) return refuse(400, "invalid_scope", roles.error().message);
    wanted.roles = *std::move(roles);
  }
  const auto session = sessions_.create(wanted, now);
  if (!session) {
    return refuse(503, "temporarily_unavailable", "the session cannot be stored now; try again",
                  session.error().message);
  }
  if (*session == nullptr) {
    return refuse(400, "invalid_grant", "sessions of this subject are revoked",
                  fmt::format("barred: `{}/{}`", printable(claims.provider()), printable(mapped->sub)));
  }
  const storage::Session& made = **session;
  const SessionTokens::Minted minted =
      tokens_.mint({made.id, made.subject_id, made.tenant, made.expires}, TokenBearer::workload, now);
  ExchangeAnswer answer;
  answer.body = to_canonical_json(token_answer(made, minted, now));
  return answer;
}

JsonValue token_answer(const storage::Session& session, const SessionTokens::Minted& minted, Timestamp now) {
  JsonValue answer = JsonValue::Object{
      {"access_token", minted.token}, {"issued_token_type", "urn:ietf:params:oauth:token-type:jwt"},
      {"token_type", "Bearer"},       {"expires_in", minted.expires.unix_seconds() - now.unix_seconds()},
      {"session_id", session.id},     {"session_expires", to_rfc3339(session.expires)},
  };
  if (session.roles && !session.roles->empty()) answer.set("scope", to_scope(*session.roles));  // RFC 6749 §5.1
  return answer;
}

}  // namespace portreeve::pdp
