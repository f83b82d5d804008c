#include "tools/substrate/kubernetes_names.h"

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::substrate {
namespace {

bool is_letter(char c) { return to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z'; }
bool is_alphanumeric(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

// Alphanumeric at both ends, `marks` between.
bool is_name(std::string_view text, std::string_view marks) {
  return !text.empty() && text.size() <= 63 && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text,
                             [&](char c) { return is_alphanumeric(c) || marks.find(c) != std::string_view::npos; });
}

bool is_lower(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return to_lower_ascii(c) == c; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool is_dns_label(std::string_view text) { return is_name(text, "-") && is_lower(text); }

bool is_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name(text, "-_.");
  return is_dns_subdomain(text.substr(0, slash)) && is_name(text.substr(slash + 1), "-_.");
}

bool is_label_value(std::string_view text) { return text.empty() || is_name(text, "-_."); }

bool is_mesh_tag(std::string_view text) {
  constexpr std::string_view kPrefix = "tag:";
  if (!text.starts_with(kPrefix)) return false;
  const std::string_view name = text.substr(kPrefix.size());
  return !name.empty() && name.size() <= 63 && is_letter(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

}  // namespace portreeve::substrate
