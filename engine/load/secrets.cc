#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/load/rules.h"
#include "engine/net/guard.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::load {
namespace {

constexpr Seconds kLongestLease{15 * 60};  // the design's promise 5

// Not for a policy to set: the connection's own (RFC 9110 §7.6.1), and what frames or addresses a message.
constexpr std::array kForbiddenHeaders = std::to_array<std::string_view>(
    {"connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
     "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"});

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char lower = to_lower_ascii(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_unreserved(std::string_view text, std::string_view also) {
  return std::ranges::all_of(text, [&](char c) {
    const char lower = to_lower_ascii(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~").find(c) != std::string_view::npos || also.find(c) != std::string_view::npos;
  });
}

std::optional<std::string> read_route(const Fields& fields) {
  const Node* node = fields.find("route");
  if (node == nullptr) return std::nullopt;
  const auto normal = wire::normalise_http_path(node->text);
  const bool canonical = normal && *normal == node->text && node->text.find("//") == std::string_view::npos &&
                         is_unreserved(node->text, "/") && (node->text == "/" || !node->text.ends_with('/'));
  if (!canonical) {
    fields.report().error(
        node->at, fmt::format("`{}` is not a route", printable(node->text)),
        "an absolute path of letters, digits, `-`, `.`, `_`, `~`, without `/` at the end, like `/anthropic`");
  }
  return std::string(node->text);
}

std::optional<std::string> read_source(const Fields& fields) {
  const auto source = fields.nested("source");
  if (!source) return std::nullopt;
  auto file = source->text("file");
  if (file && (!is_unreserved(*file, "") || file->starts_with('.'))) {
    fields.report().error(source->find("file")->at,
                          fmt::format("`{}` is not the name of a secret's file", printable(*file)),
                          "one name of letters, digits, `-`, `.`, `_`, `~` under the broker's secret folder");
  }
  return file;
}

void check_header(const Fields& forms, const std::string& header) {
  const At at = forms.find("header")->at;
  if (!is_token(header)) {
    forms.report().error(at, fmt::format("`{}` is not the name of a header", printable(header)),
                         "write it like `x-api-key`");
  } else if (std::ranges::find(kForbiddenHeaders, to_lower_ascii(header)) != kForbiddenHeaders.end()) {
    forms.report().error(at, fmt::format("the header `{}` is the connection's own", header),
                         "name the header that the upstream reads its key from");
  }
}

model::Injection read_injection(const Fields& fields) {
  const auto forms = fields.nested("inject");
  if (!forms) return model::InjectBearer{};  // the word, or reported
  if (const auto header = forms->text("header")) {
    check_header(*forms, *header);
    return model::InjectHeader{*header};
  }
  if (const auto basic = forms->nested("basic")) {
    const std::string user = basic->text("user").value_or("");
    if (user.find(':') != std::string::npos) {
      fields.report().error(basic->at("user"), fmt::format("the user `{}` holds a colon", printable(user)),
                            "RFC 7617: what follows it would be the password");
    }
    return model::InjectBasic{user};
  }
  if (const auto parameter = forms->text("query")) {
    if (!is_unreserved(*parameter, "")) {
      fields.report().error(forms->find("query")->at,
                            fmt::format("`{}` is not the name of a query parameter", printable(*parameter)),
                            "letters, digits, `-`, `.`, `_`, `~`");
    }
    return model::InjectQuery{*parameter};
  }
  if (const auto sigv4 = forms->nested("sigv4")) {
    return model::InjectSigV4{sigv4->text("service").value_or(""), sigv4->text("region").value_or("")};
  }
  forms->nested("bearer");
  return model::InjectBearer{};
}

// What the guard says of the host, unless an InternalService lists the name. Empty: nothing.
std::string_view guard_of(const net::EndpointHost& host, const Context& context) {
  if (const auto* address = std::get_if<net::IpAddress>(&host)) return net::guard_code(net::classify(*address));
  const auto& name = std::get<net::HostName>(host);
  const auto guard = net::classify_name(name);
  if (!guard) return {};
  for (const model::InternalService& service : context.set.internal_services) {
    const bool listed = std::ranges::any_of(
        service.hosts, [&](const net::HostPattern& host_pattern) { return host_pattern.matches(name); });
    if (listed) return {};
  }
  return net::guard_code(*guard);
}

void read_upstreams(const Fields& fields, Context& context, model::Secret& out) {
  for (const Node* node : fields.list("upstreams")) {
    const auto url = wire::UpstreamUrl::parse(node->text);
    if (!url) {
      context.report.error(node->at, url.error().message);
      continue;
    }
    if (const auto code = guard_of(url->origin.host, context); !code.empty()) {
      context.report.error(node->at,
                           fmt::format("the guard refuses the upstream `{}` (`{}`)", printable(node->text), code),
                           "an internal name needs an InternalService that lists it");
    }
    if (const auto* name = std::get_if<net::HostName>(&url->origin.host)) {
      context.upstream_names.emplace(*name, out.name);
    } else {
      context.upstream_addresses.emplace(std::get<net::IpAddress>(url->origin.host), out.name);
    }
    out.upstreams.push_back(*url);
  }
}

bool names_use(const RuleReader& rule, std::string_view use) {
  return std::ranges::any_of(rule.fields.list("uses"), [&](const Node* node) { return node->text == use; });
}

// A lease has no method, path or model, so a clause on one is an error there: it never allows and always denies.
void check_lease(const RuleReader& rule) {
  const bool may_lease = names_use(rule, "lease") || (rule.denies() && !rule.fields.has("uses"));
  if (!may_lease || !rule.effect) return;
  for (const std::string_view key : {"methods", "paths", "models"}) {
    if (!rule.fields.has(key)) continue;
    rule.warn(key,
              fmt::format("a lease has no {}: rule `{}` {}", key, rule.name,
                          rule.allows() ? "never allows one" : "denies every one"),
              "write a rule of its own for `uses: [lease]`");
  }
}

void check_models(const RuleReader& rule, const model::SecretRule& out) {
  if (!rule.fields.has("models") || !rule.allows()) return;
  if (!out.secrets) return;
  for (const model::Reference& reference : *out.secrets) {
    const auto known = rule.context.secrets.find(reference.name);
    if (known == rule.context.secrets.end() || rule.context.set.secrets[known->second].api != model::ModelApi::none)
      continue;
    rule.warn(
        "models",
        fmt::format("rule `{}` never matches secret `{}`: no model is read of its requests", rule.name, reference.name),
        "state the secret's `api`, or leave `models` out");
  }
}

void read_rule(const RuleReader& rule, model::SecretRule& out) {
  const Fields& fields = rule.fields;
  out.secrets = read_optional_references(fields, "secrets", Kind::secret, rule.context);
  if (fields.has("uses")) {
    out.uses.emplace();
    for (const Node* node : fields.list("uses")) {
      out.uses->push_back(node->text == "inject" ? wire::SecretUse::inject : wire::SecretUse::lease);
    }
  }
  out.methods = read_methods(fields, "methods", rule.context.report);
  out.paths = read_http_paths(fields, "paths", rule.context.report);
  out.models = read_patterns(fields, "models", rule.context.report);
  if (const auto limits = fields.nested("limits")) {
    out.requests_per_minute = limits->integer("requestsPerMinute");
    out.lease_ttl = limits->duration("leaseTtl");
    if (out.lease_ttl && *out.lease_ttl > kLongestLease) {
      rule.context.report.error(limits->find("leaseTtl")->at, "a lease of more than 15 minutes", "at most `15m`");
    }
  }
  rule.refuse_on_deny({"limits"});
  rule.require_target({"secrets"}, "`secrets`");
  check_lease(rule);
  check_models(rule, out);
}

}  // namespace

void read_secret(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::secret).spec, context.report);
  model::Secret secret;
  static_cast<model::Document&>(secret) = document_of(draft, context);
  secret.route = read_route(fields);
  if (const auto api = fields.choice("api")) secret.api = static_cast<model::ModelApi>(*api);
  if (secret.api != model::ModelApi::none && !fields.has("route")) {
    context.report.error(fields.at("api"), "a secret with an `api` needs a `route`", "the broker serves the API there");
  }
  secret.source_file = read_source(fields);
  secret.inject = read_injection(fields);
  read_upstreams(fields, context, secret);
  context.secrets.emplace(draft.name, context.set.secrets.size());
  context.set.secrets.push_back(std::move(secret));
}

void read_secret_policy(const Draft& draft, Context& context) {
  context.set.secret_policies.push_back(read_policy<model::SecretPolicy>(draft, context, read_rule));
}

}  // namespace portreeve::load
