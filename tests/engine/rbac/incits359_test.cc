// ANSI INCITS 359-2004, "Role Based Access Control", chapter 6 (functional specification), command by command. Each
// test bears the standard's name of a command; what does the command's work here:
//
//   AddUser, DeleteUser          an identity provider vouches for users; policies name them
//   AddRole, GrantPermission     Role and policy documents        AssignUser      RoleBinding, or a claim
//   AddInheritance               `inherits`                       CreateSsdSet    RoleConstraint, `kind: static`
//   CreateSession                token exchange, with `scope`     CreateDsdSet    RoleConstraint, `kind: dynamic`
//   AddActiveRole, DropActiveRole  `POST /v1/sessions/ID/roles`   CheckAccess     a decision
//
// The standard's cardinality n is the number of roles that may not meet; `atMost` is n - 1. Administrative commands
// have no moment of their own: a set of documents is checked and activated as a whole.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "engine/rbac/session_roles.h"

namespace portreeve::rbac {
namespace {

using Names = std::vector<std::string>;
using Object = JsonValue::Object;
using Array = JsonValue::Array;

constexpr Timestamp kNow = Timestamp::from_unix(1'795'521'600);  // 2026-11-24T12:00:00Z

// A provider, four roles in a hierarchy of two, a permission of each.
constexpr std::string_view kBase = R"(
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: https://idp.example.com
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { uri: "https://idp.example.com/jwks" }
  claims: { groups: groups }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: reader }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: author }
spec: { inherits: [reader] }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: approver }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: auditor }
spec: { inherits: [reader] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: readers }
spec: { roles: [reader], rules: [{ id: r, effect: allow, actions: [read], resources: [{ type: text }] }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: authors }
spec: { roles: [author], rules: [{ id: r, effect: allow, actions: [write], resources: [{ type: text }] }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: approvers }
spec: { roles: [approver], rules: [{ id: r, effect: allow, actions: [approve], resources: [{ type: text }] }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: auditors }
spec: { roles: [auditor], rules: [{ id: r, effect: allow, actions: [audit], resources: [{ type: text }] }] }
)";

std::string document(std::string_view kind, std::string_view name, std::string_view spec) {
  return fmt::format("---\napiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {} }}\nspec: {}\n", kind, name, spec);
}

std::string assign(std::string_view name, std::string_view roles, std::string_view who) {
  return document("RoleBinding", name, fmt::format("{{ roles: [{}], subjects: [{}] }}", roles, who));
}

std::string constraint(std::string_view kind, std::string_view roles, int at_most) {
  return document("RoleConstraint", "apart",
                  fmt::format("{{ kind: {}, roles: [{}], atMost: {} }}", kind, roles, at_most));
}

class Incits359 : public testing::Test {
 protected:
  // The errors of the base and these documents, one a line; where there are none they are in force.
  std::string administer(const std::string& documents) {
    const load::LoadResult loaded = load::load({{"set.yaml", std::string(kBase) + documents}});
    std::string errors;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) errors += diagnostic.message + "\n";
    }
    if (loaded.set != nullptr) snapshot_ = compile::compile(loaded.set);
    return errors;
  }
  const Directory& directory() const { return snapshot_->directory(); }

  static wire::Principal user(std::string sub, Array groups = {}) {
    wire::Principal out;
    out.assurance = wire::Assurance::verified;
    out.type = "user";
    out.id = "idp/" + sub;
    out.provider = "idp";
    out.claims = Object{{"groups", std::move(groups)}, {"sub", std::move(sub)}};
    return out;
  }
  // A session of the user with these roles active, or the reason why there is none.
  tl::expected<wire::Principal, std::string> session(wire::Principal principal, const Names& roles,
                                                     Timestamp time = kNow) const {
    auto activated = create_session(directory(), principal, time, roles);
    if (!activated) return tl::unexpected(activated.error().message);
    principal.session.emplace().roles = *std::move(activated);
    return principal;
  }
  std::string change(wire::Principal& session, RoleChange change, Timestamp time = kNow) const {
    auto roles = change_roles(directory(), session, time, change);
    if (!roles) return roles.error().message;
    session.session->roles = *std::move(roles);
    return "";
  }
  Names session_roles(const wire::Principal& principal, Timestamp time = kNow) const {
    Names out;
    directory().activate(principal, time).roles.for_each([&](RoleId id) {
      out.emplace_back(directory().role_name(id));
    });
    return out;
  }
  bool check_access(const wire::Principal& principal, std::string_view action, Timestamp time = kNow) const {
    wire::Request request;
    request.principal = principal;
    request.time = time;
    request.action = action;
    request.resource_type = "text";
    request.resource_id = "x";
    request.question = wire::AccessQuestion{};
    return decide::decide(*snapshot_, request).allowed;
  }

  std::shared_ptr<const compile::Snapshot> snapshot_;
};

const std::string kRitaIsAuthorAndApprover = assign("rita", "author, approver", "{ user: rita }");

// §6.1.1 Core RBAC, administrative commands.

TEST_F(Incits359, AddRole) {
  EXPECT_EQ(administer(document("Role", "reader", "{}")), "a second Role `reader`\n") << "a role is added once";
  EXPECT_EQ(administer(document("Role", "writer", "{}")), "");
}

TEST_F(Incits359, AssignUser) {
  EXPECT_EQ(administer(assign("rita", "poet", "{ user: rita }")), "unknown role `poet`\n");
  ASSERT_EQ(administer(assign("rita", "approver", "{ user: rita }, { group: /approvers }")), "");
  EXPECT_EQ(session_roles(user("rita")), (Names{"approver"}));
  EXPECT_EQ(session_roles(user("carl")), Names{});
  EXPECT_EQ(session_roles(user("carl", {"/approvers"})), (Names{"approver"}));
}

TEST_F(Incits359, DeassignUser) {
  const std::string until = "{ roles: [approver], subjects: [{ user: rita }], expires: 2026-11-24T12:00:10Z }";
  ASSERT_EQ(administer(document("RoleBinding", "rita", until)), "");
  const auto open = session(user("rita"), {"approver"});
  ASSERT_TRUE(open) << open.error();
  EXPECT_TRUE(check_access(*open, "approve", kNow.plus(Seconds{9})));
  EXPECT_FALSE(check_access(*open, "approve", kNow.plus(Seconds{10}))) << "also in sessions that are open";
}

TEST_F(Incits359, GrantPermission) {
  ASSERT_EQ(administer(assign("rita", "approver", "{ user: rita }")), "");
  EXPECT_TRUE(check_access(user("rita"), "approve"));
  EXPECT_FALSE(check_access(user("rita"), "audit"));
  EXPECT_FALSE(check_access(user("carl"), "approve"));
}

// §6.1.2 Core RBAC, supporting system functions.

TEST_F(Incits359, CreateSession) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  const struct {
    const char* name;
    Names asked;
    Names active;
    std::string refusal;
  } rows[] = {
      {"no roles", {}, {}, ""},
      {"one of several", {"approver"}, {"approver"}, ""},
      {"each once", {"approver", "approver"}, {"approver"}, ""},
      {"a role brings what it inherits", {"author"}, {"author", "reader"}, ""},
      {"a role that the user has by inheritance alone", {"reader"}, {"reader"}, ""},
      {"all", {"author", "approver"}, {"approver", "author", "reader"}, ""},
      {"a role of others", {"auditor"}, {}, "the subject is not authorised for role `auditor` now"},
      {"one of them", {"author", "auditor"}, {}, "the subject is not authorised for role `auditor` now"},
      {"no role", {"poet"}, {}, "the subject is not authorised for role `poet` now"},
      {"another case", {"Author"}, {}, "the subject is not authorised for role `Author` now"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto open = session(user("rita"), row.asked);
    EXPECT_EQ(open ? "" : open.error(), row.refusal);
    EXPECT_EQ(open ? session_roles(*open) : Names{}, row.active);
  }
}

TEST_F(Incits359, CreateSessionWithoutNamingRolesActivatesAllThatTheUserIsAuthorisedFor) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  wire::Principal open = user("rita");
  open.session.emplace();
  EXPECT_EQ(session_roles(open), (Names{"approver", "author", "reader"}));
}

TEST_F(Incits359, CreateSessionOutsideTheBindingsTimeIsRefused) {
  const std::string until = "{ roles: [approver], subjects: [{ user: rita }], starts: 2026-11-24T12:00:00Z }";
  ASSERT_EQ(administer(document("RoleBinding", "rita", until)), "");
  EXPECT_EQ(session(user("rita"), {"approver"}, kNow.plus(Seconds{-1})).error(),
            "the subject is not authorised for role `approver` now");
  EXPECT_TRUE(session(user("rita"), {"approver"}, kNow));
}

TEST_F(Incits359, AddActiveRole) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  auto open = session(user("rita"), {"approver"});
  EXPECT_EQ(change(*open, {{"author"}, {}}), "");
  EXPECT_EQ(session_roles(*open), (Names{"approver", "author", "reader"}));
  EXPECT_EQ(change(*open, {{"author"}, {}}), "") << "that it is active is no error here: it asks for a state";
  EXPECT_EQ(change(*open, {{"auditor"}, {}}), "the subject is not authorised for role `auditor` now");
  EXPECT_EQ(session_roles(*open), (Names{"approver", "author", "reader"})) << "all or nothing";
}

TEST_F(Incits359, DropActiveRole) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  auto open = session(user("rita"), {"approver", "author"});
  EXPECT_EQ(change(*open, {{}, {"auditor"}}), "role `auditor` is not active");
  EXPECT_EQ(change(*open, {{}, {"reader"}}), "role `reader` is active by inheritance alone; drop what inherits it");
  EXPECT_EQ(change(*open, {{"reader"}, {}}), "");
  EXPECT_EQ(change(*open, {{}, {"reader"}}), "role `reader` stays active: `author` inherits it; drop that as well");
  EXPECT_EQ(change(*open, {{}, {"author"}}), "");
  EXPECT_EQ(session_roles(*open), (Names{"approver", "reader"}));
  EXPECT_FALSE(check_access(*open, "write"));
  EXPECT_EQ(change(*open, {{}, {"approver", "reader"}}), "");
  EXPECT_EQ(session_roles(*open), Names{}) << "a session may have no role active";
  EXPECT_FALSE(check_access(*open, "read"));
}

TEST_F(Incits359, DropActiveRoleOfASessionThatNamedNone) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  wire::Principal open = user("rita");
  open.session.emplace();
  EXPECT_EQ(change(open, {{}, {"author"}}), "");
  EXPECT_EQ(open.session->roles, (Names{"approver", "reader"})) << "from now on it names them";
}

TEST_F(Incits359, CheckAccess) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  const auto open = session(user("rita"), {"author"});
  EXPECT_TRUE(check_access(*open, "write"));
  EXPECT_TRUE(check_access(*open, "read")) << "of a junior role";
  EXPECT_FALSE(check_access(*open, "approve")) << "of a role that she has and that is not active";
  EXPECT_TRUE(check_access(*session(user("rita"), {"approver"}), "approve"));
}

TEST_F(Incits359, CheckAccessOfARoleThatIsGone) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  wire::Principal open = *session(user("rita"), {"author", "approver"});
  ASSERT_EQ(administer(assign("rita", "approver", "{ user: rita }")), "");
  EXPECT_FALSE(check_access(open, "write")) << "activated once, and assigned no more";
  open.session->roles->push_back("poet");
  EXPECT_EQ(session_roles(open), (Names{"approver"})) << "a role that no document declares any more";
}

// §6.2 Hierarchical RBAC, general.

TEST_F(Incits359, AddInheritance) {
  const std::string lead = document("Role", "lead", "{ inherits: [author, approver] }");
  ASSERT_EQ(administer(lead + assign("rita", "lead", "{ user: rita }")), "") << "several juniors: a general hierarchy";
  EXPECT_TRUE(check_access(user("rita"), "read"));
  EXPECT_TRUE(check_access(user("rita"), "approve"));
  EXPECT_FALSE(check_access(user("rita"), "audit"));
  EXPECT_EQ(session_roles(*session(user("rita"), {"author"})), (Names{"author", "reader"}))
      << "a user is authorised for what her roles inherit";
  EXPECT_EQ(administer(document("Role", "a", "{ inherits: [b] }") + document("Role", "b", "{ inherits: [a] }")),
            "roles inherit each other in a cycle: `a` → `b` → `a`\n");
}

// §6.3 Static separation of duty: what a user is assigned.

TEST_F(Incits359, CreateSsdSet) {
  EXPECT_EQ(administer(constraint("static", "author, approver", 1) + kRitaIsAuthorAndApprover),
            "the bindings of user `rita` break constraint `apart`: they give `approver`, `author`\n");
  ASSERT_EQ(administer(constraint("static", "author, approver", 1) + assign("a", "author", "{ group: /a }") +
                       assign("b", "approver", "{ group: /b }")),
            "")
      << "whether two groups meet in one user only her token says";
  EXPECT_TRUE(check_access(user("rita", {"/a"}), "write"));
  EXPECT_FALSE(check_access(user("rita", {"/a", "/b"}), "write"));
  EXPECT_FALSE(check_access(user("rita", {"/a", "/b"}), "approve"));
  EXPECT_EQ(session(user("rita", {"/a", "/b"}), {"author"}).error(),
            "the subject is not authorised for role `author` now")
      << "whatever is activated, static separation counts what is assigned";
}

TEST_F(Incits359, CreateSsdSetLooksAtNoWindowAndNoTenant) {
  const std::string apart = constraint("static", "author, approver", 1);
  const auto bound = [](std::string_view name, std::string_view role, std::string_view when) {
    return document("RoleBinding", name,
                    fmt::format("{{ roles: [{}], subjects: [{{ user: rita }}], {} }}", role, when));
  };
  const std::string refusal = "the bindings of user `rita` break constraint `apart`: they give `approver`, `author`\n";
  EXPECT_EQ(administer(apart + bound("a", "author", "expires: 2026-01-01T00:00:00Z") +
                       bound("b", "approver", "starts: 2026-01-01T00:00:00Z")),
            refusal);
  EXPECT_EQ(administer(apart + bound("a", "author", "tenants: [acme]") + bound("b", "approver", "tenants: [globex]")),
            refusal);
}

TEST_F(Incits359, SsdWithAHierarchyCountsAuthorisedRoles) {
  EXPECT_EQ(administer(constraint("static", "reader, approver", 1) + kRitaIsAuthorAndApprover),
            "the bindings of user `rita` break constraint `apart`: they give `approver`, `reader`\n");
  EXPECT_EQ(administer(constraint("static", "author, reader", 1)),
            "role `author` breaks constraint `apart` by itself: with all that it inherits it is `author`, `reader`\n");
}

TEST_F(Incits359, SetSsdSetCardinality) {
  const std::string all = assign("rita", "author, approver, auditor", "{ user: rita }");
  EXPECT_EQ(administer(constraint("static", "author, approver, auditor", 2) + all),
            "the bindings of user `rita` break constraint `apart`: they give `approver`, `auditor`, `author`\n");
  EXPECT_EQ(administer(constraint("static", "author, approver, auditor", 2) + kRitaIsAuthorAndApprover), "");
  EXPECT_EQ(administer(constraint("static", "author, approver", 2)), "`atMost: 2` of 2 roles constrains nothing\n");
  EXPECT_EQ(administer(constraint("static", "author, approver", 0)), "`atMost` takes a whole number from 1, not `0`\n");
}

TEST_F(Incits359, AddSsdRoleMemberOnceEach) {
  EXPECT_EQ(administer(constraint("static", "author, author, approver", 1)), "role `author` stands twice\n");
  EXPECT_EQ(administer(constraint("static", "author, poet", 1)), "unknown role `poet`\n");
}

// §6.4 Dynamic separation of duty: what is active in one session.

TEST_F(Incits359, CreateDsdSet) {
  ASSERT_EQ(administer(constraint("dynamic", "author, approver", 1) + kRitaIsAuthorAndApprover), "")
      << "that one user has both is the point";
  const auto writing = session(user("rita"), {"author"});
  ASSERT_TRUE(writing) << writing.error();
  EXPECT_TRUE(check_access(*writing, "write"));
  EXPECT_FALSE(check_access(*writing, "approve"));
  EXPECT_TRUE(check_access(*session(user("rita"), {"approver"}), "approve")) << "in another session";
  EXPECT_EQ(session(user("rita"), {"author", "approver"}).error(),
            "constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, `author`");
}

TEST_F(Incits359, DsdOfASessionThatNamedNoRoles) {
  ASSERT_EQ(administer(constraint("dynamic", "author, approver", 1) + kRitaIsAuthorAndApprover), "");
  wire::Principal open = user("rita");
  open.session.emplace();
  EXPECT_EQ(session_roles(open), (Names{"reader"})) << "all are active, so none of the constraint's is";
  EXPECT_EQ(change(open, {{"author"}, {}}),
            "constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, `author`");
  EXPECT_EQ(change(open, {{}, {"approver"}}), "");
  EXPECT_EQ(session_roles(open), (Names{"author", "reader"}));
}

TEST_F(Incits359, DsdAtAddActiveRole) {
  ASSERT_EQ(administer(constraint("dynamic", "author, approver", 1) + kRitaIsAuthorAndApprover), "");
  auto open = session(user("rita"), {"author"});
  EXPECT_EQ(change(*open, {{"approver"}, {}}),
            "constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, `author`");
  EXPECT_EQ(change(*open, {{"approver"}, {"author"}}), "") << "one for the other, in one step";
  EXPECT_EQ(session_roles(*open), (Names{"approver"}));
}

TEST_F(Incits359, DsdWithAHierarchyCountsWhatActiveRolesInherit) {
  ASSERT_EQ(administer(constraint("dynamic", "reader, approver", 1) + kRitaIsAuthorAndApprover), "");
  EXPECT_EQ(session(user("rita"), {"author", "approver"}).error(),
            "constraint `apart` lets at most 1 of its roles be active in one session, not `approver`, `reader`");
  EXPECT_EQ(administer(constraint("dynamic", "author, reader", 1)),
            "role `author` breaks constraint `apart` by itself: with all that it inherits it is `author`, `reader`\n")
      << "such a role could never be active";
}

TEST_F(Incits359, SetDsdSetCardinality) {
  const std::string all = assign("rita", "author, approver, auditor", "{ user: rita }");
  ASSERT_EQ(administer(constraint("dynamic", "author, approver, auditor", 2) + all), "");
  EXPECT_EQ(session(user("rita"), {"author", "approver", "auditor"}).error(),
            "constraint `apart` lets at most 2 of its roles be active in one session, not `approver`, `auditor`, "
            "`author`");
  EXPECT_TRUE(session(user("rita"), {"author", "auditor"}));
}

TEST_F(Incits359, DsdThatComesToHoldInAnOpenSessionTakesTheRoles) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  const auto open = session(user("rita"), {"author", "approver"});
  ASSERT_EQ(administer(constraint("dynamic", "author, approver", 1) + kRitaIsAuthorAndApprover), "");
  EXPECT_EQ(session_roles(*open), (Names{"reader"}));
}

// Review functions (§6.1.3, §6.1.4): what the console and `portreeve explain` show.

TEST_F(Incits359, SessionRolesAndAuthorisedRoles) {
  ASSERT_EQ(administer(kRitaIsAuthorAndApprover), "");
  const auto open = session(user("rita"), {"approver"});
  const Activation active = directory().activate(*open, kNow);
  EXPECT_EQ(active.roles.size(), 1u);
  EXPECT_EQ(active.authorised.size(), 3u);
}

}  // namespace
}  // namespace portreeve::rbac
