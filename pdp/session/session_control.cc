#include "pdp/session/session_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/base/text.h"
#include "pdp/session/form.h"
#include "storage/sessions/principal.h"

namespace portreeve::pdp {
namespace {

tl::unexpected<SessionProblem> problem(int status, std::string code, std::string message, std::string field = {}) {
  return tl::unexpected(SessionProblem{status, std::move(code), std::move(message), std::move(field)});
}

tl::unexpected<SessionProblem> bad_request(std::string field, std::string message) {
  return problem(400, "bad-request", std::move(message), std::move(field));
}

tl::unexpected<SessionProblem> unavailable(const Error& error) {
  return problem(503, "state-unavailable", error.message);
}

tl::unexpected<SessionProblem> unknown_session() {
  return problem(404, "session-unknown", "there is no session of that id");
}

tl::unexpected<SessionProblem> not_live(const storage::Session& session, Timestamp now) {
  return problem(409, "session-not-live", fmt::format("the session is {}", to_text(session.state(now))));
}

SessionResult<void> only_member(const JsonValue& body, std::string_view allowed) {
  if (body.is_null()) return {};
  if (body.as_object() == nullptr) return bad_request("", "the body is a JSON object");
  for (const auto& [key, value] : *body.as_object()) {
    if (key != allowed) {
      return bad_request("/" + printable(key),
                         fmt::format("`{}` is unknown here; there is `{}`", printable(key), allowed));
    }
  }
  return {};
}

SessionResult<TokenBearer> read_audience(const JsonValue& body) {
  const JsonValue* audience = body.find("audience");
  if (audience == nullptr || audience->as_string() == nullptr) {
    if (audience == nullptr) return TokenBearer::workload;
    return bad_request("/audience", "`audience` is a string");
  }
  if (*audience->as_string() == kWorkloadAudience) return TokenBearer::workload;
  if (*audience->as_string() == kSupervisorAudience) return TokenBearer::supervisor;
  return bad_request("/audience", fmt::format("`audience` is `{}` or `{}`", kWorkloadAudience, kSupervisorAudience));
}

SessionResult<std::vector<net::IpAddress>> read_addresses(const JsonValue& body) {
  const JsonValue* list = body.find("addresses");
  if (list == nullptr || list->as_array() == nullptr || list->as_array()->size() > storage::kAddressesPerSession) {
    return bad_request("/addresses",
                       fmt::format("`addresses` is a list of at most {} addresses", storage::kAddressesPerSession));
  }
  std::vector<net::IpAddress> addresses;
  for (std::size_t i = 0; i < list->as_array()->size(); ++i) {
    const std::string* text = (*list->as_array())[i].as_string();
    const auto address =
        text == nullptr ? Result<net::IpAddress>(fail("an address is a string")) : net::IpAddress::parse(*text);
    if (!address) return bad_request(fmt::format("/addresses/{}", i), address.error().message);
    if (*address == net::IpAddress() || std::ranges::find(addresses, *address) != addresses.end()) {
      return bad_request(fmt::format("/addresses/{}", i), "an address of one sandbox, named once");
    }
    addresses.push_back(*address);
  }
  return addresses;
}

// RFC 6749 §5.2's shape, which RFC 7009 §2.2.1 and RFC 7662 §2.3 take over.
ExchangeAnswer oauth_error(int status, std::string_view error, std::string_view description) {
  ExchangeAnswer answer;
  answer.status = status;
  answer.body = to_canonical_json(JsonValue::Object{{"error", error}, {"error_description", description}});
  answer.detail = std::string(description);
  return answer;
}

// The member `token` of the form. `token_type_hint` helps those who have several kinds; others are ignored.
tl::expected<std::string, ExchangeAnswer> read_token(std::string_view form_body) {
  const auto form = parse_form(form_body);
  if (!form) return tl::unexpected(oauth_error(400, "invalid_request", form.error().message));
  const auto token = form->find("token");
  if (token == form->end() || token->second.empty()) {
    return tl::unexpected(oauth_error(400, "invalid_request", "`token` is missing"));
  }
  return token->second;
}

SessionProblem to_problem(const rbac::RoleRefusal& refusal) {
  const auto of = [&](std::string code, std::string field) {
    return SessionProblem{409, std::move(code), refusal.message, std::move(field)};
  };
  switch (refusal.failure) {
    case rbac::RoleFailure::not_authorised:
      return of("role-not-authorised", "/activate");
    case rbac::RoleFailure::constraint_violated:
      return of("constraint-violated", "/activate");
    case rbac::RoleFailure::not_active:
      return of("role-not-active", "/drop");
    case rbac::RoleFailure::inherited:
      return of("role-inherited", "/drop");
    case rbac::RoleFailure::too_many:
      return of("too-many-roles", "");
  }
  return of("role-not-authorised", "/activate");
}

struct ReadToken {
  std::shared_ptr<const SessionTokenClaims> claims;  // null where it is none of ours
  TokenBearer bearer = TokenBearer::workload;
};

ReadToken read_any(const SessionTokens& tokens, std::string_view token, Timestamp now, TokenAge age) {
  for (const TokenBearer bearer : {TokenBearer::workload, TokenBearer::supervisor}) {
    if (const auto verdict = tokens.verify(token, bearer, now, age)) return {verdict.claims(), bearer};
  }
  return {};
}

}  // namespace

SessionResult<JsonValue> SessionControl::renew(std::string_view id, const JsonValue& body, Timestamp now) const {
  if (auto shape = only_member(body, "audience"); !shape) return tl::unexpected(std::move(shape).error());
  const auto bearer = read_audience(body);
  if (!bearer) return tl::unexpected(bearer.error());
  const auto found = sessions_.find(id);
  if (!found) return unavailable(found.error());
  if (*found == nullptr) return unknown_session();
  const storage::Session& session = **found;
  if (!session.is_live(now)) return not_live(session, now);
  const SessionTokens::About about{session.id, session.subject_id, session.tenant, session.expires};
  return token_answer(session, tokens_.mint(about, *bearer, now), now);
}

SessionResult<JsonValue> SessionControl::bind(std::string_view id, const JsonValue& body, Timestamp now) const {
  if (auto shape = only_member(body, "addresses"); !shape) return tl::unexpected(std::move(shape).error());
  const auto addresses = read_addresses(body);
  if (!addresses) return tl::unexpected(addresses.error());
  const auto bound = sessions_.bind(id, *addresses, now);
  if (!bound) return unavailable(bound.error());
  if (!bound->failure) return to_json(*bound->session, now);
  switch (*bound->failure) {
    case storage::SessionStore::BindFailure::unknown:
      return unknown_session();
    case storage::SessionStore::BindFailure::not_live:
      return not_live(*bound->session, now);
    case storage::SessionStore::BindFailure::address_bound:
      return problem(409, "address-bound",
                     fmt::format("`{}` is bound to another live session", bound->taken->to_string()), "/addresses");
  }
  return unknown_session();
}

SessionResult<JsonValue> SessionControl::change_roles(std::string_view id, const JsonValue& body,
                                                      std::string_view actor, Timestamp now) const {
  const auto wanted = read_role_change(body);
  if (!wanted) return tl::unexpected(wanted.error());
  std::optional<SessionProblem> refused;
  bool was_live = false;
  const auto change = [&](const storage::Session& session) -> std::optional<std::vector<std::string>> {
    was_live = true;
    auto roles = roles_.change(storage::principal_of(session, session.expires), now, *wanted);
    if (roles) return *std::move(roles);
    refused = to_problem(roles.error());
    return std::nullopt;
  };
  const auto changed = sessions_.change_roles(id, change, {std::string(actor), ""}, now);
  if (!changed) return unavailable(changed.error());
  if (*changed == nullptr) return unknown_session();
  if (!was_live) return not_live(**changed, now);
  if (refused) return tl::unexpected(*std::move(refused));
  return to_json(**changed, now);
}

SessionResult<JsonValue> SessionControl::end(std::string_view id, const JsonValue& body, std::string_view actor,
                                             Timestamp now) const {
  if (auto shape = only_member(body, "reason"); !shape) return tl::unexpected(std::move(shape).error());
  auto reason = read_reason(body);
  if (!reason) return tl::unexpected(std::move(reason).error());
  const auto ended = sessions_.end(id, {std::string(actor), *std::move(reason)}, now);
  if (!ended) return unavailable(ended.error());
  if (*ended == nullptr) return unknown_session();
  return to_json(**ended, now);
}

SessionControl::TokenRevocation SessionControl::revoke_token(std::string_view form, std::string_view actor,
                                                             Timestamp now) const {
  const auto token = read_token(form);
  if (!token) return {token.error(), {}};
  ExchangeAnswer answer;
  answer.body = "{}";
  const ReadToken read = read_any(tokens_, *token, now, TokenAge::ignored);
  if (read.claims == nullptr) return {std::move(answer), {}};
  const auto revoked = sessions_.revoke({storage::EventKind::session, read.claims->sid},
                                        {std::string(actor), "its token was revoked"}, now);
  if (!revoked) {
    return {oauth_error(503, "temporarily_unavailable", "the revocation cannot be stored now; try again"), {}};
  }
  if (!*revoked) return {std::move(answer), {}};
  answer.body = to_canonical_json(JsonValue::Object{{"event", (*revoked)->event}});
  return {std::move(answer), read.claims->sid};
}

ExchangeAnswer SessionControl::introspect(std::string_view form, Timestamp now) const {
  const auto token = read_token(form);
  if (!token) return token.error();
  ExchangeAnswer answer;
  answer.body = R"({"active":false})";
  const ReadToken read = read_any(tokens_, *token, now, TokenAge::judged);
  if (read.claims == nullptr) return answer;
  const auto found = sessions_.find(read.claims->sid);
  if (!found) return oauth_error(503, "temporarily_unavailable", "sessions cannot be read now; try again");
  if (*found == nullptr || !(*found)->is_live(now)) return answer;
  const bool for_workload = read.bearer == TokenBearer::workload;
  JsonValue json = JsonValue::Object{{"active", true},
                                     {"token_type", "Bearer"},
                                     {"iss", tokens_.issuer()},
                                     {"aud", for_workload ? kWorkloadAudience : kSupervisorAudience},
                                     {"sub", read.claims->sub},
                                     {"sid", read.claims->sid},
                                     {"iat", read.claims->issued.unix_seconds()},
                                     {"exp", read.claims->expires.unix_seconds()}};
  if (read.claims->tenant) json.set("tenant", *read.claims->tenant);
  if (const auto& roles = (*found)->roles; roles && !roles->empty()) json.set("scope", to_scope(*roles));
  answer.body = to_canonical_json(json);
  return answer;
}

}  // namespace portreeve::pdp
