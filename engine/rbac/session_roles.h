// Which roles a session activates: CreateSession, AddActiveRole and DropActiveRole (ANSI INCITS 359-2004 §6.1.2), as
// pure functions of a directory, a subject and a moment. Checked here is the wish; what a session's roles come to is
// worked out anew at every decision (Directory::activate).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "engine/base/time.h"
#include "engine/rbac/directory.h"
#include "engine/wire/principal.h"

namespace portreeve::rbac {

enum class RoleFailure : std::uint8_t {
  not_authorised,       // to be activated: a role that the subject is not authorised for at that time
  constraint_violated,  // what would be active is over a dynamic constraint
  not_active,           // to be dropped: a role that is not active
  inherited,            // to be dropped: a role that an active one inherits
  too_many,             // more than limits::kActivatedRoles would be kept
};

struct RoleRefusal {
  RoleFailure failure = RoleFailure::not_authorised;
  std::string message;
};

// As a session keeps them: sorted, each once.
using ActivatedRoles = std::vector<std::string>;

struct RoleChange {
  std::vector<std::string> activate;
  std::vector<std::string> drop;
};

// The roles of a new session of this subject that is to have these active, and no others. `principal.session` is not
// looked at. Any thread; costs two activations.
tl::expected<ActivatedRoles, RoleRefusal> create_session(const Directory& directory, const wire::Principal& principal,
                                                         Timestamp time, std::span<const std::string> roles);

// The roles of the principal's session after the change. One that never named its roles has all that the subject is
// authorised for, and after a drop all of those but the dropped ones: from then on it names them. An activated role
// that the subject is not authorised for any more stays named; only what the change adds is checked.
// Requires: principal.session; no role in both lists.
tl::expected<ActivatedRoles, RoleRefusal> change_roles(const Directory& directory, const wire::Principal& principal,
                                                       Timestamp time, const RoleChange& change);

}  // namespace portreeve::rbac
