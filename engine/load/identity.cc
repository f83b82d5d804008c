#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/load/rules.h"
#include "engine/load/urls.h"

namespace portreeve::load {
namespace {

std::optional<std::string> read_url(const Fields& fields, std::string_view key) {
  auto text = fields.text(key);
  if (!text) return std::nullopt;
  if (const auto status = check_issuer_url(*text); !status) {
    fields.report().error(fields.find(key)->at, status.error().message,
                          "write it like `https://idp.example.com/realms/agents`");
  }
  return text;
}

std::vector<model::JwtAlgorithm> read_algorithms(const Fields& fields) {
  std::vector<model::JwtAlgorithm> out;
  for (const Node* node : fields.list("algorithms")) {
    if (node->text == "RS256") {
      out.push_back(model::JwtAlgorithm::rs256);
    } else if (node->text == "PS256") {
      out.push_back(model::JwtAlgorithm::ps256);
    } else if (node->text == "ES256") {
      out.push_back(model::JwtAlgorithm::es256);
    } else if (node->text == "EdDSA") {
      out.push_back(model::JwtAlgorithm::eddsa);
    } else {
      const std::string lower = to_lower_ascii(node->text);
      const std::string written = printable(node->text);
      const std::string help = "use RS256, PS256, ES256 or EdDSA";
      if (lower == "none") {
        fields.report().error(node->at, fmt::format("`{}` would accept tokens that nobody signed", written), help);
      } else if (lower.starts_with("hs")) {
        fields.report().error(node->at, fmt::format("`{}` would let whoever checks a token make one", written), help);
      } else {
        fields.report().error(node->at, fmt::format("`{}` is no signature algorithm here", written), help);
      }
    }
  }
  return out;
}

bool is_relative_clean(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.ends_with('/')) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment.empty() || segment == "." || segment == "..") return false;
    begin = end + 1;
  }
  return true;
}

void read_jwks(const Fields& fields, model::IdentityProvider& out) {
  out.jwks = model::JwksDiscovery{};
  const auto forms = fields.nested("jwks");
  if (!forms) return;
  if (forms->has("uri")) out.jwks = model::JwksUri{read_url(*forms, "uri").value_or("")};
  if (!forms->has("file")) return;
  const std::string path = forms->text("file").value_or("");
  if (forms->find("file") != nullptr && !is_relative_clean(path)) {
    fields.report().error(forms->find("file")->at,
                          fmt::format("`{}` is not a path below the policy folder", printable(path)),
                          "relative, without `.` and `..`");
  }
  out.jwks = model::JwksFile{path};
}

void read_claims(const Fields& claims, Context& context, model::IdentityProvider& out) {
  if (auto subject = claims.claim_path("subject")) out.subject = *std::move(subject);
  out.groups = claims.claim_path("groups");
  if (const auto roles = claims.nested("roles")) {
    out.roles = model::RolesClaim{roles->claim_path("path").value_or(model::ClaimPath{}),
                                  read_references(*roles, "allow", Kind::role, context)};
  }
  if (const auto fixed = claims.nested("tenant")) {
    out.tenant = model::FixedTenant{fixed->text("always").value_or("")};
  } else if (auto path = claims.claim_path("tenant")) {
    out.tenant = *std::move(path);
  }
}

void check_issuer_is_new(const Fields& fields, const model::IdentityProvider& provider, Context& context) {
  const auto other =
      std::ranges::find(context.set.identity_providers, provider.issuer, &model::IdentityProvider::issuer);
  if (provider.issuer.empty() || other == context.set.identity_providers.end()) return;
  context.report.error(fields.at("issuer"), fmt::format("a second provider for issuer `{}`", provider.issuer),
                       fmt::format("the first is `{}` at {}:{}", other->name, other->place.file, other->place.line));
}

}  // namespace

void read_identity_provider(const Draft& draft, Context& context) {
  const Fields fields(*draft.spec, spec_of(Kind::identity_provider).spec, context.report);
  model::IdentityProvider provider;
  static_cast<model::Document&>(provider) = document_of(draft, context);
  provider.issuer = read_url(fields, "issuer").value_or("");
  check_issuer_is_new(fields, provider, context);
  provider.audiences = fields.texts("audiences");
  provider.algorithms = read_algorithms(fields);
  read_jwks(fields, provider);
  if (const auto claims = fields.nested("claims")) read_claims(*claims, context, provider);
  if (const auto trust = fields.choice("trust")) provider.trust = static_cast<model::Trust>(*trust);
  if (const auto console = fields.nested("console")) provider.console_client = console->text("clientId");
  context.set.identity_providers.push_back(std::move(provider));
}

}  // namespace portreeve::load
