#include "pdp/identity/provider_trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace portreeve::pdp {
namespace {

bool stays_below(const std::filesystem::path& path) {
  return !path.empty() && path.is_relative() && std::ranges::find(path, "..") == path.end();
}

}  // namespace

Result<ProviderTrust> to_provider_trust(const model::IdentityProvider& provider,
                                        const std::filesystem::path& policy_folder) {
  ProviderTrust trust{provider.name, provider.issuer, provider.audiences, provider.algorithms, JwksDiscovery{}};
  if (const auto* uri = std::get_if<model::JwksUri>(&provider.jwks)) {
    trust.jwks = JwksUri{uri->uri};
  } else if (const auto* file = std::get_if<model::JwksFile>(&provider.jwks)) {
    if (!stays_below(file->path)) {
      return fail(fmt::format("provider `{}`: key file `{}` is not below the policy folder; name it relative to that",
                              provider.name, file->path));
    }
    trust.jwks = JwksFile{policy_folder / file->path};
  }
  return trust;
}

}  // namespace portreeve::pdp
