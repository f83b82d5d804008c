#include "engine/rbac/directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/cel/allocations.h"

namespace portreeve::rbac {
namespace {

using Object = JsonValue::Object;
using Array = JsonValue::Array;

model::Role role(std::string name, std::vector<std::string> inherits = {}) {
  model::Role out;
  out.name = std::move(name);
  for (std::string& parent : inherits) out.inherits.push_back({std::move(parent), {}});
  return out;
}

std::vector<model::Reference> references(const std::vector<std::string>& names) {
  std::vector<model::Reference> out;
  for (const std::string& name : names) out.push_back({name, {}});
  return out;
}

model::RoleBinding binding(std::string name, const std::vector<std::string>& roles,
                           std::vector<model::BindingSubject> subjects) {
  model::RoleBinding out;
  out.name = std::move(name);
  out.roles = references(roles);
  out.subjects = std::move(subjects);
  return out;
}

// Two providers, a chain of roles, and whatever a test adds.
class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    model::IdentityProvider keycloak;
    keycloak.name = "keycloak";
    keycloak.groups = model::ClaimPath{{"groups"}};
    keycloak.roles = model::RolesClaim{model::ClaimPath{{"realm", "roles"}}, references({"reader"})};
    keycloak.tenant = model::ClaimPath{{"org"}};
    keycloak.trust = model::Trust::internal;
    model::IdentityProvider partner;
    partner.name = "partner";
    partner.tenant = model::FixedTenant{"globex"};
    documents_.identity_providers = {keycloak, partner};
    documents_.roles = {role("admin", {"writer"}), role("other"), role("reader"), role("writer", {"reader"})};
  }

  Activation activate(const wire::Principal& principal, std::int64_t at = 1000) {
    directory_ = std::make_unique<Directory>(documents_);
    principal_ = principal;
    return directory_->activate(principal_, Timestamp::from_unix(at));
  }
  static wire::Principal user(std::string provider, std::string sub, JsonValue claims = Object{}) {
    wire::Principal out;
    out.assurance = wire::Assurance::verified;
    out.type = "user";
    out.id = provider + "/" + sub;
    out.provider = std::move(provider);
    out.claims = std::move(claims);
    return out;
  }
  std::vector<std::string> names(const Activation& activation) const {
    std::vector<std::string> out;
    activation.roles.for_each([&](RoleId id) { out.emplace_back(directory_->role_name(id)); });
    return out;
  }
  std::vector<std::string> bindings(const Activation& activation) const {
    std::vector<std::string> out;
    for (const BindingId id : activation.bindings) out.emplace_back(directory_->binding_name(id));
    return out;
  }
  using Names = std::vector<std::string>;

  model::PolicySet documents_;
  std::unique_ptr<Directory> directory_;
  wire::Principal principal_;
};

TEST_F(DirectoryTest, ClosesRolesOverInheritance) {
  documents_.role_bindings = {binding("b", {"admin"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  EXPECT_EQ(names(activate(user("keycloak", "rita"))), (Names{"admin", "reader", "writer"}));
  EXPECT_EQ(names(activate(user("keycloak", "carl"))), Names{});
  EXPECT_EQ(names(activate(user("partner", "rita"))), Names{}) << "a sub is unique within its issuer only";
}

TEST_F(DirectoryTest, BindsByGroupAndClaimOfVerifiedSubjectsOnly) {
  documents_.role_bindings = {binding("by-claim", {"other"}, {{"keycloak", model::BoundClaim{{{"dept"}}, "R&D"}, {}}}),
                              binding("by-group", {"writer"}, {{"keycloak", model::BoundGroup{"/research"}, {}}}),
                              binding("by-user", {"reader"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  const JsonValue claims = Object{{"groups", Array{"/research"}}, {"dept", Array{"R&D"}}};
  const Activation verified = activate(user("keycloak", "rita", claims));
  EXPECT_EQ(names(verified), (Names{"other", "reader", "writer"}));
  EXPECT_EQ(bindings(verified), (Names{"by-claim", "by-group", "by-user"}));

  wire::Principal asserted = user("keycloak", "rita", claims);
  asserted.assurance = wire::Assurance::asserted;
  const Activation named = activate(asserted);
  EXPECT_EQ(names(named), (Names{"reader"})) << "bindings by user apply, claims do not";
  EXPECT_TRUE(named.groups.empty());
  EXPECT_EQ(named.trust, model::Trust::untrusted);

  asserted.type = "service";
  EXPECT_EQ(names(activate(asserted)), Names{});
}

TEST_F(DirectoryTest, ClaimsGrantOnlyListedRoles) {
  const JsonValue claims = Object{{"realm", Object{{"roles", Array{"admin", "reader", "unknown"}}}}};
  EXPECT_EQ(names(activate(user("keycloak", "rita", claims))), (Names{"reader"}));
  EXPECT_EQ(names(activate(user("partner", "rita", claims))), Names{});
  EXPECT_EQ(names(activate(user("gone", "rita", claims))), Names{}) << "a provider that the set no longer has";
}

TEST_F(DirectoryTest, BindingsHoldFromTheirStartUntilBeforeTheirEnd) {
  documents_.role_bindings = {binding("b", {"reader"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  documents_.role_bindings[0].starts = Timestamp::from_unix(100);
  documents_.role_bindings[0].expires = Timestamp::from_unix(200);
  const struct {
    std::int64_t at;
    bool holds;
    std::optional<std::int64_t> next;
  } cases[] = {{99, false, 100}, {100, true, 200}, {199, true, 200}, {200, false, std::nullopt}};
  for (const auto& c : cases) {
    const Activation active = activate(user("keycloak", "rita"), c.at);
    EXPECT_EQ(active.roles.contains(directory_->role("reader")), c.holds) << c.at;
    EXPECT_EQ(active.next_change, c.next ? std::optional(Timestamp::from_unix(*c.next)) : std::nullopt) << c.at;
  }
}

TEST_F(DirectoryTest, ATenantedBindingNeedsTheTenant) {
  documents_.role_bindings = {binding("b", {"reader"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  documents_.role_bindings[0].tenants = std::vector<std::string>{"acme"};
  EXPECT_EQ(names(activate(user("keycloak", "rita", Object{{"org", "acme"}}))), (Names{"reader"}));
  EXPECT_EQ(names(activate(user("keycloak", "rita", Object{{"org", "globex"}}))), Names{});
  EXPECT_EQ(names(activate(user("keycloak", "rita"))), Names{}) << "absent matches none";
}

TEST_F(DirectoryTest, OfSeveralTenantsOneMustHaveBeenChosen) {
  wire::Principal principal = user("keycloak", "rita", Object{{"org", Array{"acme", "globex"}}});
  EXPECT_EQ(activate(principal).tenant, std::nullopt);
  principal.chosen_tenant = "globex";
  EXPECT_EQ(activate(principal).tenant, "globex");
  principal.chosen_tenant = "elsewhere";
  EXPECT_EQ(activate(principal).tenant, std::nullopt);
  EXPECT_EQ(activate(user("partner", "x")).tenant, "globex");
}

TEST_F(DirectoryTest, TheLeastTrustOfTheBindingsInForceReplacesTheProviders) {
  EXPECT_EQ(activate(user("keycloak", "rita")).trust, model::Trust::internal);
  documents_.role_bindings = {binding("a", {"reader"}, {{"keycloak", model::BoundUser{"rita"}, {}}}),
                              binding("b", {"reader"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  documents_.role_bindings[0].trust = model::Trust::internal;
  documents_.role_bindings[1].trust = model::Trust::partner;
  EXPECT_EQ(activate(user("keycloak", "rita")).trust, model::Trust::partner);
  documents_.role_bindings[1].expires = Timestamp::from_unix(500);
  EXPECT_EQ(activate(user("keycloak", "rita")).trust, model::Trust::internal);
}

TEST_F(DirectoryTest, ASubjectOverAConstraintHasNoneOfItsRoles) {
  model::RoleConstraint constraint;
  constraint.name = "apart";
  constraint.roles = references({"other", "reader"});
  constraint.at_most = 1;
  documents_.role_constraints = {constraint};
  documents_.role_bindings = {binding("a", {"writer"}, {{"keycloak", model::BoundGroup{"/w"}, {}}}),
                              binding("b", {"other"}, {{"keycloak", model::BoundGroup{"/o"}, {}}})};
  EXPECT_EQ(names(activate(user("keycloak", "rita", Object{{"groups", Array{"/w"}}}))), (Names{"reader", "writer"}));
  const Activation over = activate(user("keycloak", "rita", Object{{"groups", Array{"/w", "/o"}}}));
  EXPECT_EQ(names(over), (Names{"writer"})) << "the closure counts: writer brings reader";
  EXPECT_EQ(over.violated_constraints, (std::vector<std::string_view>{"apart"}));
}

TEST_F(DirectoryTest, ActivatedRolesAllocateNothingInAnActivationThatHasGrown) {
  for (int i = 0; i < 600; ++i) documents_.roles.push_back(role(fmt::format("z{}", i)));
  std::ranges::sort(documents_.roles, {}, &model::Role::name);
  documents_.role_bindings = {binding("a", {"admin", "other"}, {{"keycloak", model::BoundUser{"rita"}, {}}})};
  model::RoleConstraint constraint;
  constraint.name = "apart";
  constraint.kind = model::ConstraintKind::dynamic_separation;
  constraint.roles = references({"other", "reader"});
  documents_.role_constraints = {constraint};
  const Directory directory(documents_);
  wire::Principal all = user("keycloak", "rita"), some = all;
  all.session.emplace();
  some.session.emplace().roles = {"admin", "gone", "z5"};
  Activation active;
  directory.activate(all, Timestamp::from_unix(1000), active);
  EXPECT_EQ(active.roles.size(), 2u) << "the dynamic constraint took `other` and `reader`";
  const std::size_t before = cel::allocations_of_this_thread();
  for (const wire::Principal* principal : {&some, &all, &some}) {
    directory.activate(*principal, Timestamp::from_unix(1000), active);
  }
  EXPECT_TRUE(!cel::allocations_are_counted() || cel::allocations_of_this_thread() == before);
  EXPECT_EQ(active.roles.size(), 3u);
  EXPECT_EQ(active.authorised.size(), 4u);
}

}  // namespace
}  // namespace portreeve::rbac
