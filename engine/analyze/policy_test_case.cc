#include "engine/analyze/policy_test_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "engine/base/check.h"
#include "engine/net/endpoint.h"

namespace portreeve::analyze {
namespace {

JsonValue object() { return JsonValue(JsonValue::Object{}); }

JsonValue strings(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

void set_text(JsonValue& object, std::string_view key, const std::optional<std::string>& text) {
  if (text) object.set(key, *text);
}

const model::IdentityProvider* provider_named(const model::PolicySet& set, std::string_view name) {
  for (const model::IdentityProvider& provider : set.identity_providers) {
    if (provider.name == name) return &provider;
  }
  return nullptr;
}

const std::string* string_at(const JsonValue& claims, const model::ClaimPath& path) {
  const JsonValue* at = &claims;
  for (const std::string& segment : path.segments) {
    at = at->find(segment);
    if (at == nullptr) return nullptr;
  }
  return at->as_string() != nullptr && !at->as_string()->empty() ? at->as_string() : nullptr;
}

bool is_named_by_pep(const model::TestSubject& subject) { return !subject.type.empty(); }

// `<provider>/<sub>`; nothing where the claims name no subject.
std::optional<std::string> subject_id(const model::PolicySet& set, const model::TestSubject& subject) {
  const model::IdentityProvider* provider = provider_named(set, subject.issuer);
  const std::string* sub = provider == nullptr ? nullptr : string_at(subject.claims, provider->subject);
  if (sub == nullptr) return std::nullopt;
  return subject.issuer + "/" + *sub;
}

JsonValue subject_of(const model::PolicySet& set, const model::TestSubject& subject) {
  JsonValue out = object();
  if (!is_named_by_pep(subject)) {
    out.set("type", "user");
    out.set("id", subject_id(set, subject).value_or(subject.issuer + "/"));
    return out;
  }
  out.set("type", subject.type);
  out.set("id", subject.id);
  if (!subject.properties.is_null()) out.set("properties", subject.properties);
  return out;
}

struct Body {
  std::string action;
  std::string type;
  std::string id;
  JsonValue properties = object();
  JsonValue context;
};

// A URL taken apart without judging it: what is wrong with a host is the reader's to say.
struct UrlParts {
  std::string scheme;
  std::string authority;  // with a port, unless there is neither one nor a default
  std::string path;
};

UrlParts take_apart(const std::string& url) {
  UrlParts parts;
  const std::size_t scheme_end = url.find("://");
  const std::size_t begin = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  parts.scheme = scheme_end == std::string::npos ? std::string() : url.substr(0, scheme_end);
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  parts.authority = url.substr(begin, end - begin);
  parts.path = url.substr(end);
  const std::size_t colon = parts.authority.rfind(':');
  const std::size_t bracket = parts.authority.rfind(']');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (!has_port && parts.scheme == "http") parts.authority += ":80";
  if (!has_port && parts.scheme != "http" && parts.scheme != "tcp") parts.authority += ":443";
  return parts;
}

std::vector<Body> bodies_of(const model::PolicySet&, const model::EgressCase& egress) {
  const UrlParts url = take_apart(egress.url);
  Body resolve{std::string(wire::kEgressResolve), "endpoint", url.authority, object(), {}};
  resolve.properties.set("protocol", url.scheme == "https" ? "tls" : url.scheme);
  const auto endpoint = net::Endpoint::parse(url.authority);
  const bool address_target = endpoint && std::holds_alternative<net::IpAddress>(endpoint->host);
  if (endpoint) {
    resolve.properties.set("host", net::to_string(endpoint->host));
    resolve.properties.set("port", std::int64_t{endpoint->port});
  }

  Body connect = resolve;
  connect.action = wire::kEgressConnect;
  if (egress.addresses) {
    connect.properties.set("addresses", strings(*egress.addresses));
  } else if (!address_target) {
    connect.properties.set("addresses", strings({std::string(kStandInAddress)}));
  }
  set_text(connect.properties, "sni", egress.sni);
  set_text(connect.properties, "method", egress.method);
  // Inside TLS nobody sees a path.
  if (url.scheme == "http") connect.properties.set("path", url.path.starts_with('/') ? url.path : "/" + url.path);
  return {std::move(resolve), std::move(connect)};
}

std::vector<Body> bodies_of(const model::PolicySet& set, const model::SecretCase& secret) {
  Body body{std::string(wire::kSecretUse), "secret", secret.secret, object(), {}};
  body.properties.set("use", secret.use.value_or("inject"));
  std::optional<std::string> upstream = secret.upstream;
  for (const model::Secret& declared : set.secrets) {
    if (!upstream && declared.name == secret.secret && !declared.upstreams.empty())
      upstream = declared.upstreams[0].to_string();
  }
  set_text(body.properties, "upstream", upstream);
  set_text(body.properties, "method", secret.method);
  set_text(body.properties, "path", secret.path);
  set_text(body.properties, "model", secret.model);
  return {std::move(body)};
}

std::vector<Body> bodies_of(const model::PolicySet&, const model::ExecCase& exec) {
  Body body{
      std::string(wire::kProcessExec), "program", exec.command.empty() ? std::string() : exec.command[0], object(), {}};
  body.properties.set("file", exec.file.value_or(body.id));
  body.properties.set("stable", exec.stable);
  if (exec.command.size() > 1) body.properties.set("args", strings({exec.command.begin() + 1, exec.command.end()}));
  if (exec.interpreter) {
    JsonValue interpreter = object();
    interpreter.set("path", exec.interpreter->path);
    interpreter.set("file", exec.interpreter->file.value_or(exec.interpreter->path));
    interpreter.set("stable", exec.interpreter->stable);
    body.properties.set("interpreter", std::move(interpreter));
  }
  set_text(body.properties, "cwd", exec.cwd);
  set_text(body.properties, "user", exec.user);
  if (!exec.env.empty()) body.properties.set("env", strings(exec.env));
  if (exec.terminal) body.properties.set("terminal", *exec.terminal);
  return {std::move(body)};
}

std::vector<Body> bodies_of(const model::PolicySet&, const model::AccessCase& access) {
  return {Body{access.action, access.resource_type, access.resource_id, access.properties, access.context}};
}

JsonValue evaluation(const Body& body, const JsonValue& subject, const std::optional<std::string>& source) {
  JsonValue action = object();
  action.set("name", body.action);
  JsonValue resource = object();
  resource.set("type", body.type);
  resource.set("id", body.id);
  if (!body.properties.is_null()) resource.set("properties", body.properties);
  JsonValue context = body.context;
  if (source) context.set("source", *source);
  JsonValue out = object();
  out.set("subject", subject);
  out.set("action", std::move(action));
  out.set("resource", std::move(resource));
  if (!context.is_null()) out.set("context", std::move(context));
  return out;
}

}  // namespace

std::vector<JsonValue> evaluation_bodies(const model::PolicySet& set, const model::TestSubject& subject,
                                         const model::TestCase& test_case) {
  const JsonValue who = subject_of(set, subject);
  std::vector<JsonValue> out;
  const auto bodies = std::visit([&](const auto& question) { return bodies_of(set, question); }, test_case.question);
  for (const Body& body : bodies) out.push_back(evaluation(body, who, test_case.source));
  return out;
}

void simulate_subject(const model::PolicySet& set, const model::TestSubject& subject, const model::TestCase& test_case,
                      Timestamp now, wire::Request& request) {
  request.time = test_case.at.value_or(now);
  wire::Principal& principal = request.principal;
  if (is_named_by_pep(subject)) {
    principal.assurance = wire::Assurance::asserted;
    principal.type = subject.type;
    principal.id = subject.id;
    principal.properties = subject.properties;
    const std::string issuer = subject.id.substr(0, subject.id.find('/'));
    if (subject.type == "user" && provider_named(set, issuer) != nullptr) principal.provider = issuer;
  } else {
    const std::optional<std::string> id = subject_id(set, subject);
    if (!id) request.identity_failure = wire::Reason::token_invalid;
    principal.assurance = wire::Assurance::verified;
    principal.type = "user";
    principal.id = id.value_or("");
    principal.provider = subject.issuer;
    principal.claims = subject.claims;
  }
  const bool asked_by_gate = !std::holds_alternative<model::AccessCase>(test_case.question);
  if (!test_case.session && (!asked_by_gate || is_named_by_pep(subject))) return;
  wire::SessionFacts session;
  session.id = "ses_of_policy_test";
  session.started = request.time;
  if (test_case.session) {
    session.labels.assign(test_case.session->labels.begin(), test_case.session->labels.end());
    session.stated_age = test_case.session->age;
    session.stated_trust = test_case.session->trust;
    session.roles = test_case.session->roles;
    if (session.roles) std::ranges::sort(*session.roles);
  }
  principal.session = std::move(session);
}

}  // namespace portreeve::analyze
