// `/console/`, `/v1/console`, `/v1/sign-in`, `/v1/sign-out`: coming in and going out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>
#include <map>

#include "engine/base/text.h"
#include "engine/compile/snapshot.h"
#include "pdp/admin/cookie.h"
#include "pdp/admin/endpoints.h"

namespace portreeve::pdp {
namespace {

// docs/admin-api.md, frozen.
const std::vector<Wish> kTable{{"read", "decision-log"}, {"search", "decision-log"}, {"export", "decision-log"},
                               {"read", "session"},      {"revoke", "session"},      {"lift", "session"},
                               {"read", "policy"},       {"evaluate", "policy"},     {"read", "pep"},
                               {"read", "usage"}};

AdminResponse redirect(std::string address) { return HttpResponse{302, {{"Location", std::move(address)}}, {}}; }

NewCookie cookie(const AdminContext& context, std::string name, std::string value, Seconds lifetime, SameSite site) {
  return {std::move(name),
          std::move(value),
          "/",
          lifetime,
          site,
          context.doorkeeper.is_secure() ? CookieTransport::tls_only : CookieTransport::plain};
}

std::string sign_in_cookie(const AdminContext& context) {
  return context.doorkeeper.is_secure() ? "__Host-portreeve-sign-in" : "portreeve-sign-in";
}

void set_cookie(HttpResponse& answer, const NewCookie& cookie) {
  answer.headers.emplace_back("Set-Cookie", to_field(cookie));
}

// Opens a console session for a person and sets its cookie.
Visitor let_in(const AdminContext& context, wire::Principal principal, HttpResponse& answer) {
  const Timestamp now = context.parts.clock.now();
  std::string key = context.console_sessions.open(principal, now);
  set_cookie(answer, cookie(context, context.visitors.cookie(), key, ConsoleSessions::kLongest, SameSite::strict));
  context.parts.notes.note({.actor = principal.id, .action = "console.sign-in"});
  return {std::move(principal), now.plus(ConsoleSessions::kLongest), std::move(key)};
}

JsonValue user_json(const AdminContext& context, const Visitor& visitor) {
  const Authorizer::Prospect prospect = context.authorizer.foresee(visitor, kTable);
  std::map<std::string, JsonValue::Array> may;
  for (std::size_t i = 0; i < kTable.size() && i < prospect.allowed.size(); ++i) {
    if (prospect.allowed[i]) may[std::string(kTable[i].type)].emplace_back(kTable[i].action);
  }
  JsonValue allowed{JsonValue::Object{}};
  for (auto& [type, actions] : may) allowed.set(type, std::move(actions));
  JsonValue scope = JsonValue::Object{{"allTenants", prospect.all_tenants}};
  if (prospect.tenant) scope.set("tenant", *prospect.tenant);
  JsonValue user = JsonValue::Object{{"expires", to_rfc3339_millis(visitor.expires)},
                                     {"may", std::move(allowed)},
                                     {"roles", JsonValue::Array(prospect.roles.begin(), prospect.roles.end())},
                                     {"scope", std::move(scope)},
                                     {"subject", visitor.principal.id}};
  if (prospect.tenant) user.set("tenant", *prospect.tenant);
  return user;
}

JsonValue start_json(const AdminContext& context, const Visitor* visitor) {
  const AdminSettings& settings = context.parts.settings;
  JsonValue::Array providers;
  if (const auto snapshot = context.parts.snapshots.load()) {
    for (const model::IdentityProvider& provider : snapshot->documents().identity_providers) {
      if (!provider.console_client) continue;
      providers.push_back(JsonValue::Object{{"name", provider.name}, {"url", "/v1/sign-in/" + provider.name}});
    }
  }
  JsonValue out = JsonValue::Object{
      {"dev", settings.dev},
      {"pdp", settings.name},
      {"signIn", JsonValue::Object{{"link", context.links != nullptr}, {"providers", std::move(providers)}}},
  };
  if (!settings.accounting_url.empty()) out.set("accounting", JsonValue::Object{{"url", settings.accounting_url}});
  if (visitor != nullptr) out.set("user", user_json(context, *visitor));
  return out;
}

Step<AdminResponse> start(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  const auto visitor = context.visitors.authenticate(call.request);
  return json_answer(start_json(context, visitor ? &*visitor : nullptr));
}

// A path of ours to come back to; anything else is the console's front.
std::string safe_return(const AdminCall& call) {
  const auto given = call.query.find("return");
  const bool ours = given != call.query.end() && given->second.starts_with("/console/") &&
                    given->second.size() <= 2048 && given->second.find_first_of("\\\r\n") == std::string::npos &&
                    given->second.find("//") == std::string::npos && given->second.find("/.") == std::string::npos;
  return ours ? given->second : "/console/";
}

Step<AdminResponse> begin_sign_in(const AdminContext& context, const AdminCall& call) {
  constexpr std::string_view kOwn[] = {"return"};
  STEP([[maybe_unused]] const bool known, only_parameters(call, kOwn));
  // The provider sends the browser to one address of ours, where the cookie has to be.
  const std::string host = context.doorkeeper.origin().substr(context.doorkeeper.origin().find("://") + 3);
  if (call.request.header("Host") != host) {
    return redirect(context.doorkeeper.origin() + std::string(call.request.target()));
  }
  const auto snapshot = context.parts.snapshots.load();
  const model::IdentityProvider* const provider =
      snapshot == nullptr ? nullptr : snapshot->directory().provider(call.path.front());
  if (provider == nullptr || !provider->console_client) {
    return refuse(404, "not-found", "no identity provider of that name signs people in here");
  }
  auto begun = context.sign_ins.begin(*provider, safe_return(call));
  if (!begun) {
    context.parts.log_file.warning("a sign-in could not begin",
                                   {{"provider", provider->name}, {"why", begun.error().message}});
    return redirect("/console/?sign-in=failed");
  }
  AdminResponse answer = redirect(std::move(begun->address));
  set_cookie(answer, cookie(context, sign_in_cookie(context), begun->browser, SignIns::kPatience, SameSite::lax));
  return answer;
}

std::string parameter(const AdminCall& call, std::string_view name) {
  const auto given = call.query.find(name);
  return given == call.query.end() ? std::string() : given->second;
}

Step<AdminResponse> end_sign_in(const AdminContext& context, const AdminCall& call) {
  const std::string name = sign_in_cookie(context);
  auto ended = context.sign_ins.end(
      {parameter(call, "code"), parameter(call, "state"), parameter(call, "iss"), parameter(call, "error")},
      find_cookie(call.request, name));
  const NewCookie gone = cookie(context, name, "", Seconds{0}, SameSite::lax);
  if (!ended) {
    context.parts.log_file.warning("a sign-in failed", {{"why", ended.error().detail}});
    AdminResponse answer = redirect("/console/?sign-in=" + std::string(to_text(ended.error().failure)));
    set_cookie(answer, gone);
    return answer;
  }
  AdminResponse answer = redirect(ended->return_to);
  let_in(context, std::move(ended->principal), answer);
  set_cookie(answer, gone);
  return answer;
}

Step<AdminResponse> redeem_link(const AdminContext& context, const AdminCall& call) {
  if (context.links == nullptr) return refuse(404, "not-found", "one-time links are for a PDP started with `--dev`");
  STEP(const JsonValue body, read_body(call.request));
  const JsonValue* const token = body.find("token");
  if (token == nullptr || token->as_string() == nullptr || body.as_object()->size() != 1) {
    return refuse(400, "bad-request", "the body is `{\"token\": \"…\"}`", "/token");
  }
  const auto identity = context.links->take(*token->as_string());
  if (!identity)
    return refuse(403, "denied", "this link was used already, or never made: `portreeve console-link` makes one");
  std::promise<TokenVerdict> promise;
  auto verdict = promise.get_future();
  context.parts.verifier.verify(*identity, context.parts.clock.now(),
                                [&promise](TokenVerdict given) { promise.set_value(std::move(given)); });
  const TokenVerdict given = verdict.get();
  if (!given)
    return refuse(403, "denied", "this link is older than five minutes: `portreeve console-link` makes another");
  auto principal = principal_of(*given.claims(), context.parts.map);
  if (!principal) return refuse(403, "denied", principal.error().message);
  AdminResponse answer = json_answer(JsonValue());
  const Visitor visitor = let_in(context, *std::move(principal), answer);
  answer.body = to_canonical_json(start_json(context, &visitor));
  return answer;
}

Step<AdminResponse> sign_out(const AdminContext& context, const AdminCall& call) {
  AdminResponse answer = no_content();
  if (call.visitor->console_key) context.console_sessions.close(*call.visitor->console_key);
  set_cookie(answer, cookie(context, context.visitors.cookie(), "", Seconds{0}, SameSite::strict));
  return answer;
}

}  // namespace

std::vector<AdminRoute> start_routes() {
  using For = AdminRoute::For;
  return {
      {"GET", "/v1/console", For::anyone, {}, start},
      {"GET", "/v1/sign-in/callback", For::anyone, {}, end_sign_in},
      {"GET", "/v1/sign-in/{provider}", For::anyone, {}, begin_sign_in},
      {"POST", "/v1/sign-in/link", For::anyone, {}, redeem_link},
      {"POST", "/v1/sign-out", For::visitors, {}, sign_out},
  };
}

}  // namespace portreeve::pdp
