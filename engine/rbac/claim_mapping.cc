#include "engine/rbac/claim_mapping.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::rbac {
namespace {

constexpr std::size_t kMostSubjectBytes = 255;  // OpenID Connect Core 1.0 §2: `sub` has at most 255 ASCII characters

bool same_type(const JsonValue& a, const JsonValue& b) {
  const auto number = [](const JsonValue& v) { return v.as_int() != nullptr || v.as_double() != nullptr; };
  return (number(a) && number(b)) || (a.as_string() && b.as_string()) || (a.as_bool() && b.as_bool()) ||
         (a.as_array() && b.as_array()) || (a.as_object() && b.as_object()) || (a.is_null() && b.is_null());
}

}  // namespace

const JsonValue* find_claim(const JsonValue& claims, const model::ClaimPath& path) {
  const JsonValue* at = &claims;
  for (const std::string& segment : path.segments) {
    at = at->find(segment);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::vector<std::string_view> claim_strings(const JsonValue& claim, const model::ClaimPath& path) {
  std::vector<std::string_view> out;
  for_each_claim_string(claim, path, [&](std::string_view text) { out.push_back(text); });
  return out;
}

std::optional<std::string> subject_of(const model::IdentityProvider& provider, const JsonValue& claims) {
  const JsonValue* claim = find_claim(claims, provider.subject);
  if (claim == nullptr || claim->as_string() == nullptr) return std::nullopt;
  const std::string& sub = *claim->as_string();
  if (sub.empty() || sub.size() > kMostSubjectBytes) return std::nullopt;
  return sub;
}

std::vector<std::string> tenants_of(const model::IdentityProvider& provider, const JsonValue& claims) {
  if (const auto* fixed = std::get_if<model::FixedTenant>(&provider.tenant)) return {fixed->name};
  const auto* path = std::get_if<model::ClaimPath>(&provider.tenant);
  const JsonValue* claim = path == nullptr ? nullptr : find_claim(claims, *path);
  std::vector<std::string> out;
  if (claim == nullptr) return out;
  if (claim->as_string() != nullptr && !claim->as_string()->empty()) out.push_back(*claim->as_string());
  if (const JsonValue::Array* array = claim->as_array()) {
    for (const JsonValue& item : *array) {
      if (item.as_string() != nullptr && !item.as_string()->empty()) out.push_back(*item.as_string());
    }
    std::ranges::sort(out);
    const auto repeated = std::ranges::unique(out);
    out.erase(repeated.begin(), repeated.end());
  }
  return out;
}

std::string meaning_of_referred_claim(std::string_view claim) {
  if (claim == "_claim_names") return "the token's `_claim_names` is no object: which claims it leaves out is unknown";
  return fmt::format(
      "the token does not hold the claim `{}` and only refers to where it could be asked for (a distributed or "
      "aggregated claim; in Microsoft Entra group overage, of users in some 200 groups): what the subject may do is "
      "unknown; in Entra emit only the groups assigned to the application, or use app roles",
      printable(claim, 64));
}

bool claim_equals(const JsonValue& claims, const model::ClaimPath& path, const JsonValue& value) {
  const JsonValue* claim = find_claim(claims, path);
  if (claim == nullptr) return false;
  if (same_type(*claim, value) && *claim == value) return true;
  const JsonValue::Array* array = claim->as_array();
  return array != nullptr &&
         std::ranges::any_of(*array, [&](const JsonValue& item) { return same_type(item, value) && item == value; });
}

}  // namespace portreeve::rbac
