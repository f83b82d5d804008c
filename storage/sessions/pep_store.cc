#include "storage/sessions/pep_store.h"

namespace portreeve::storage {

std::string_view to_text(PepDomain domain) {
  switch (domain) {
    case PepDomain::egress:
      return "egress";
    case PepDomain::secrets:
      return "secrets";
    case PepDomain::execution:
      return "execution";
    case PepDomain::access:
      return "access";
    case PepDomain::sessions:
      return "sessions";
  }
  return "access";
}

std::optional<PepDomain> pep_domain_from_text(std::string_view text) {
  for (const PepDomain domain : kAllPepDomains) {
    if (to_text(domain) == text) return domain;
  }
  return std::nullopt;
}

std::vector<PepDomain> PepDomains::list() const {
  std::vector<PepDomain> out;
  for (const PepDomain domain : kAllPepDomains) {
    if (contains(domain)) out.push_back(domain);
  }
  return out;
}

}  // namespace portreeve::storage
