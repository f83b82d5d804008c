#include "tests/differential/question_maker.h"

#include <fmt/format.h>

#include "engine/reader/request_reader.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

JsonValue object() { return JsonValue(JsonValue::Object{}); }

JsonValue strings(const Texts& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

const Texts kHosts = {"a.example.com",   "b.example.com",
                      "x.a.example.com", "y.x.a.example.com",
                      "example.com",     "w.example.org",
                      "api.example.net", "svc",
                      "printer.local",   "metadata.google.internal",
                      "8.8.8.8",         "8.8.8.200",
                      "1.1.1.1",         "10.20.0.5",
                      "127.0.0.1",       "[2606:4700::1]"};
const Texts kAddresses = {"8.8.8.8",     "8.8.8.200", "8.8.4.4",    "1.1.1.1",         "2606:4700::1", "10.20.0.5",
                          "10.20.0.200", "10.21.0.1", "100.64.0.1", "169.254.169.254", "127.0.0.1",    "fd00:1:2::5"};

void maybe(Dice& dice, std::size_t percent, JsonValue& object, std::string_view key, const Texts& choices) {
  if (dice.chance(percent)) object.set(key, dice.one_of(choices));
}

JsonValue egress_body(Dice& dice) {
  const std::string host = dice.one_of(kHosts);
  const int port = dice.one_of(std::vector<int>{443, 443, 443, 80, 22, 8443, 6443});
  JsonValue properties = object();
  properties.set("protocol", dice.one_of(Texts{"tls", "tls", "http", "tcp", "connect", "connect"}));
  const bool address_target = host.find_first_of("0123456789[") == 0;
  if (!address_target && dice.chance(95)) {
    properties.set(
        "addresses",
        strings(dice.some_of(dice.chance(60) ? Texts(kAddresses.begin(), kAddresses.begin() + 5) : kAddresses, 0, 3)));
  }
  if (dice.chance(15)) properties.set("sni", dice.one_of(Texts{host, "", "A.example.com", "other.example.com"}));
  maybe(dice, 50, properties, "method", {"GET", "HEAD", "POST"});
  maybe(dice, 50, properties, "path", {"/data", "/data/x", "/data/secret/y", "/"});
  maybe(dice, 10, properties, "status", {"active"});
  return evaluation_body(dice.chance(40) ? wire::kEgressResolve : wire::kEgressConnect, "endpoint",
                         fmt::format("{}:{}", host, port), properties);
}

JsonValue secret_body(Dice& dice) {
  JsonValue properties = object();
  maybe(dice, 90, properties, "use", {"inject", "inject", "lease"});
  maybe(dice, 90, properties, "upstream",
        {"https://api.example.net", "https://api.example.net/v1", "https://other.example.net"});
  maybe(dice, 80, properties, "method", {"GET", "POST", "DELETE"});
  maybe(dice, 80, properties, "path", {"/v1/messages", "/v1/messages/x", "/v1"});
  maybe(dice, 80, properties, "model", {"m-small", "m-large", "M-small", ""});
  return evaluation_body(wire::kSecretUse, "secret", dice.one_of(Texts{"llm/one", "llm/two", "llm/none"}), properties);
}

const Texts kPrograms = {"/bin/sh",       "/bin/dash",      "/usr/bin/git", "/usr/bin/x/y",
                         "/opt/s",        "/bin/../bin/sh", "sh",           "/lib64/ld-linux-x86-64.so.2",
                         "/workspace/run"};

JsonValue exec_body(Dice& dice) {
  JsonValue properties = object();
  maybe(dice, 90, properties, "file", kPrograms);
  if (dice.chance(70)) properties.set("stable", dice.chance(60));
  if (dice.chance(30)) {
    JsonValue interpreter = object();
    interpreter.set("path", dice.one_of(kPrograms));
    maybe(dice, 90, interpreter, "file", kPrograms);
    if (dice.chance(70)) interpreter.set("stable", dice.chance(70));
    properties.set("interpreter", std::move(interpreter));
  }
  maybe(dice, 80, properties, "cwd", {"/workspace", "/workspace/a", "/workspace/../etc", "/"});
  maybe(dice, 80, properties, "user", {"sandbox", "root"});
  if (dice.chance(60)) properties.set("terminal", dice.chance(50));
  properties.set("env",
                 strings(dice.some_of(
                     Texts{"PATH", "HOME", "LC_ALL", "LD_PRELOAD", "GIT_DIR", "GIT_AUTHOR_NAME", "PYTHONPATH"}, 0, 7)));
  return evaluation_body(wire::kProcessExec, "program", dice.one_of(kPrograms), properties);
}

JsonValue access_body(Dice& dice) {
  JsonValue properties;
  if (dice.chance(60)) {
    properties = object();
    if (dice.chance(60))
      properties.set("status", dice.chance(30) ? JsonValue() : JsonValue(dice.one_of(Texts{"active", "closed"})));
    if (dice.chance(30)) properties.set("n", static_cast<int>(dice.below(3)));
  }
  return evaluation_body(dice.one_of(Texts{"read", "write", "purge"}), dice.one_of(Texts{"record", "note"}),
                         dice.one_of(Texts{"r1", "r2", "n1"}), std::move(properties));
}

JsonValue random_claims(Dice& dice) {
  JsonValue claims = object();
  claims.set("sub", "ana");
  switch (dice.below(6)) {
    case 0:
      break;
    case 1:
      claims.set("groups", dice.one_of(Texts{"g1", "g1 g2"}));
      break;
    case 2:
      claims.set("groups", 7);
      break;
    default:
      claims.set("groups", strings(dice.some_of(Texts{"g2", "g1", "g3"}, 0, 3)));
  }
  switch (dice.below(7)) {
    case 0:
      break;
    case 1:
      claims.set("org", "");
      break;
    case 2:
      claims.set("org", strings({"acme", "globex"}));
      break;
    case 3:
      claims.set("org", strings({"acme"}));
      break;
    case 4:
      claims.set("org", 7);
      break;
    default:
      claims.set("org", dice.one_of(Texts{"acme", "globex"}));
  }
  if (dice.chance(50)) {
    JsonValue realm = object();
    realm.set("roles", strings(dice.some_of(Texts{"base", "agent", "other", "unlisted"}, 0, 3)));
    claims.set("realm", std::move(realm));
  }
  if (dice.chance(50)) claims.set("scope", dice.one_of(Texts{"openid agent", "other", "base  other "}));
  if (dice.chance(60))
    claims.set("level", dice.chance(70) ? JsonValue(static_cast<int>(dice.below(5))) : JsonValue("3"));
  if (dice.chance(50)) claims.set("flag", dice.chance(70) ? JsonValue(dice.chance(50)) : JsonValue("yes"));
  return claims;
}

JsonValue random_properties(Dice& dice) {
  JsonValue properties = object();
  maybe(dice, 50, properties, "department", {"research", "sales"});
  if (dice.chance(30)) properties.set("roles", strings({"agent"}));
  return properties;
}

wire::SessionFacts random_session(Dice& dice) {
  wire::SessionFacts session;
  session.id = "ses_1";
  session.started = Timestamp::from_unix(kNoon.unix_seconds() - static_cast<std::int64_t>(dice.below(3)) * 1800);
  if (dice.chance(50)) session.labels = {{"task", dice.one_of(Texts{"docs", "code"})}};
  if (dice.chance(10)) session.stated_age = Seconds{dice.chance(50) ? 60 : 7200};
  if (dice.chance(10)) session.stated_trust = dice.one_of(Texts{"internal", "untrusted"});
  return session;
}

wire::Principal random_principal(Dice& dice) {
  wire::Principal principal;
  if (dice.chance(85)) {
    principal.assurance = wire::Assurance::verified;
    principal.type = "user";
    principal.provider = dice.one_of(Texts{"idp", "idp", "idp", "fixed", "gone"});
    principal.id = principal.provider + "/" + dice.one_of(Texts{"ana", "bob"});
    principal.claims = random_claims(dice);
    if (dice.chance(20)) principal.chosen_tenant = dice.one_of(Texts{"acme", "globex", ""});
    if (dice.chance(90)) principal.session = random_session(dice);
    return principal;
  }
  principal.assurance = wire::Assurance::asserted;
  principal.type = dice.one_of(Texts{"user", "user", "service"});
  principal.id = principal.type == "service" ? "s1" : dice.one_of(Texts{"idp/ana", "idp/bob", "fixed/ana", "gone/ana"});
  if (principal.type == "user") principal.provider = principal.id.substr(0, principal.id.find('/'));
  if (dice.chance(60)) principal.properties = random_properties(dice);
  return principal;
}

JsonValue shown_principal(const wire::Principal& principal) {
  JsonValue out = object();
  out.set("assurance", principal.assurance == wire::Assurance::verified ? "verified" : "asserted");
  out.set("type", principal.type);
  out.set("id", principal.id);
  out.set("provider", principal.provider);
  out.set("claims", principal.claims);
  out.set("properties", principal.properties);
  if (principal.chosen_tenant) out.set("chosenTenant", *principal.chosen_tenant);
  if (principal.session) {
    JsonValue session = object();
    session.set("started", to_rfc3339(principal.session->started));
    for (const auto& [key, value] : principal.session->labels) session.set("label:" + key, value);
    if (principal.session->stated_age) session.set("age", std::int64_t{principal.session->stated_age->count()});
    if (principal.session->stated_trust) session.set("trust", *principal.session->stated_trust);
    out.set("session", std::move(session));
  }
  return out;
}

}  // namespace

JsonValue evaluation_body(std::string_view action, std::string_view type, std::string_view id, JsonValue properties,
                          JsonValue context) {
  JsonValue subject = object();
  subject.set("type", "generated");
  subject.set("id", "generated");
  JsonValue action_object = object();
  action_object.set("name", action);
  JsonValue resource = object();
  resource.set("type", type);
  resource.set("id", id);
  if (!properties.is_null()) resource.set("properties", std::move(properties));
  JsonValue body = object();
  body.set("subject", std::move(subject));
  body.set("action", std::move(action_object));
  body.set("resource", std::move(resource));
  if (!context.is_null()) body.set("context", std::move(context));
  return body;
}

std::optional<Question> make_question(const JsonValue& body, const wire::Principal& principal, Timestamp time,
                                      std::optional<wire::Reason> identity_failure) {
  auto read = reader::read_question(body);
  if (!read) return std::nullopt;
  Question question{std::move(read->request), {}};
  question.request.principal = principal;
  question.request.time = time;
  question.request.identity_failure = identity_failure;
  JsonValue shown = object();
  shown.set("body", body);
  shown.set("principal", shown_principal(principal));
  shown.set("time", to_rfc3339(time));
  if (identity_failure) shown.set("identityFailure", wire::code(*identity_failure));
  question.shown = to_canonical_json(shown);
  return question;
}

std::optional<Question> random_question(Dice& dice) {
  JsonValue body;
  switch (dice.below(10)) {
    case 0:
    case 1:
      body = secret_body(dice);
      break;
    case 2:
    case 3:
      body = exec_body(dice);
      break;
    case 4:
      body = access_body(dice);
      break;
    default:
      body = egress_body(dice);
  }
  JsonValue context;
  if (dice.chance(50)) {
    context = object();
    if (dice.chance(50)) context.set("n", static_cast<int>(dice.below(4)));
    maybe(dice, 40, context, "source", {"10.1.2.3", "10.1.2.4"});
  }
  if (!context.is_null()) body.set("context", std::move(context));
  const std::int64_t offset = static_cast<std::int64_t>(dice.below(5)) - 2;
  std::optional<wire::Reason> failure;
  if (dice.chance(2)) failure = dice.chance(50) ? wire::Reason::token_expired : wire::Reason::session_revoked;
  return make_question(body, random_principal(dice), Timestamp::from_unix(kNoon.unix_seconds() + offset), failure);
}

}  // namespace portreeve::differential
