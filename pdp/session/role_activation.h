// Which roles a session activates, as its requester and its orchestrator say it (docs/sessions.md).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/rbac/session_roles.h"
#include "engine/wire/principal.h"
#include "pdp/session/revocations.h"

namespace portreeve::pdp {

using RoleResult = tl::expected<rbac::ActivatedRoles, rbac::RoleRefusal>;

// rbac::create_session and rbac::change_roles by the policies in force. Any thread; both give what they are given to
// the active snapshot's directory, and refuse everything while there is none.
struct RoleActivator {
  std::function<RoleResult(const wire::Principal&, Timestamp, std::span<const std::string>)> create;
  std::function<RoleResult(const wire::Principal&, Timestamp, const rbac::RoleChange&)> change;
};

// The role names of a `scope` (RFC 6749 §3.3: parted by single spaces, 1 to limits::kActivatedRoles of them). Whether
// there are such roles is the activator's to say. Total.
Result<std::vector<std::string>> parse_scope(std::string_view scope);
// The same the other way: empty where there are none.
std::string to_scope(const std::vector<std::string>& roles);

// Reads `{"activate":["r"],"drop":["r"]}`: at least one name, none in both lists, nothing else. Total.
SessionResult<rbac::RoleChange> read_role_change(const JsonValue& body);

}  // namespace portreeve::pdp
