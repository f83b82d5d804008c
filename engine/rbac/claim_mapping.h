// What an identity provider's claims say of a subject, by the mapping its document states (SEMANTICS §7).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/model/identity_provider.h"

namespace portreeve::rbac {

// The claim at a path, or nullptr where a segment is missing or no object. Borrows from `claims`. No allocation.
const JsonValue* find_claim(const JsonValue& claims, const model::ClaimPath& path);

// The strings of a groups or roles claim: a string, an array's strings, or, where the path ends in `scope` or `scp`
// (RFC 8693 §4.2), a string of several parted by spaces. Anything else has none. Borrows from `claim`.
std::vector<std::string_view> claim_strings(const JsonValue& claim, const model::ClaimPath& path);
// Calls `visit` with each of them; allocates nothing.
template <class Visit>
void for_each_claim_string(const JsonValue& claim, const model::ClaimPath& path, Visit visit) {
  if (const std::string* text = claim.as_string()) {
    const bool spaced = !path.segments.empty() && (path.segments.back() == "scope" || path.segments.back() == "scp");
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = spaced ? std::min(rest.find(' '), rest.size()) : rest.size();
      if (end > 0) visit(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  } else if (const JsonValue::Array* array = claim.as_array()) {
    for (const JsonValue& item : *array) {
      if (item.as_string() != nullptr && !item.as_string()->empty()) visit(std::string_view(*item.as_string()));
    }
  }
}

// The subject's bare `sub` as the provider maps it; nullopt unless it is one non-empty string of at most 255 bytes.
std::optional<std::string> subject_of(const model::IdentityProvider& provider, const JsonValue& claims);

// The tenants that the claims leave to choose from, sorted, each once: the fixed one, a string claim's, or an array's
// non-empty strings. Empty: the subject has no tenant.
std::vector<std::string> tenants_of(const model::IdentityProvider& provider, const JsonValue& claims);

// What it means that a token refers to a claim and does not hold it (Directory::referred_claim), and how to mend that,
// for who brought the token.
std::string meaning_of_referred_claim(std::string_view claim);

// True where the claim at a binding's path equals its value: types agree, an array holds the value.
bool claim_equals(const JsonValue& claims, const model::ClaimPath& path, const JsonValue& value);

}  // namespace portreeve::rbac
