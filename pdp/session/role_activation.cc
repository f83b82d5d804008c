#include "pdp/session/role_activation.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

constexpr std::size_t kRoleNameBytes = 63;

// A scope-token (RFC 6749 §3.3) that could name a role.
bool is_role_name(std::string_view text) {
  return !text.empty() && text.size() <= kRoleNameBytes &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

tl::unexpected<SessionProblem> bad_request(std::string field, std::string message) {
  return tl::unexpected(SessionProblem{400, "bad-request", std::move(message), std::move(field)});
}

SessionResult<std::vector<std::string>> read_roles(const JsonValue& body, std::string_view key) {
  std::vector<std::string> roles;
  const JsonValue* list = body.find(key);
  if (list == nullptr) return roles;
  const std::string field = fmt::format("/{}", key);
  if (list->as_array() == nullptr || list->as_array()->empty() || list->as_array()->size() > limits::kActivatedRoles) {
    return bad_request(field, fmt::format("`{}` is a list of 1 to {} roles", key, limits::kActivatedRoles));
  }
  for (std::size_t i = 0; i < list->as_array()->size(); ++i) {
    const std::string* role = (*list->as_array())[i].as_string();
    if (role == nullptr || !is_role_name(*role)) return bad_request(fmt::format("{}/{}", field, i), "no role's name");
    roles.push_back(*role);
  }
  return roles;
}

}  // namespace

Result<std::vector<std::string>> parse_scope(std::string_view scope) {
  std::vector<std::string> roles;
  for (bool more = true; more;) {
    const std::size_t end = std::min(scope.find(' '), scope.size());
    const std::string_view name = scope.substr(0, end);
    more = end != scope.size();
    scope.remove_prefix(more ? end + 1 : end);
    if (!is_role_name(name)) {
      return fail("`scope` names the roles to activate, parted by single spaces; without it all are");
    }
    if (roles.size() == limits::kActivatedRoles) {
      return fail(fmt::format("`scope` names at most {} roles", limits::kActivatedRoles));
    }
    roles.emplace_back(name);
  }
  return roles;
}

std::string to_scope(const std::vector<std::string>& roles) {
  std::string out;
  for (const std::string& role : roles) out += (out.empty() ? "" : " ") + role;
  return out;
}

SessionResult<rbac::RoleChange> read_role_change(const JsonValue& body) {
  if (body.as_object() == nullptr) return bad_request("", "the body is a JSON object with `activate`, `drop` or both");
  for (const auto& [key, value] : *body.as_object()) {
    if (key == "activate" || key == "drop") continue;
    return bad_request("/" + printable(key),
                       fmt::format("`{}` is unknown here; there are `activate` and `drop`", printable(key)));
  }
  auto activate = read_roles(body, "activate");
  if (!activate) return tl::unexpected(std::move(activate).error());
  auto drop = read_roles(body, "drop");
  if (!drop) return tl::unexpected(std::move(drop).error());
  if (activate->empty() && drop->empty()) return bad_request("", "name roles to `activate` or to `drop`");
  for (const std::string& role : *drop) {
    if (std::ranges::find(*activate, role) != activate->end()) {
      return bad_request("/drop", fmt::format("role `{}` is to be activated and dropped", printable(role, 64)));
    }
  }
  return rbac::RoleChange{*std::move(activate), *std::move(drop)};
}

}  // namespace portreeve::pdp
