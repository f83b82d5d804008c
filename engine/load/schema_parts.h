// What the tables of all kinds are written with, and the kinds' own objects, each defined beside its domain's others.
#pragma once

#include "engine/load/schema.h"

namespace portreeve::load {

using Word = std::string_view;
inline constexpr Shape kList = Shape::list;
inline constexpr Need kRequired = Need::required;

inline constexpr Word kEffects[] = {"allow", "deny"};
inline constexpr Word kTrusts[] = {"untrusted", "partner", "internal"};
inline constexpr Word kProtocols[] = {"tls", "http", "tcp"};
inline constexpr Word kUses[] = {"inject", "lease"};

// What the rules and policies of all four domains share.
inline constexpr Field kRuleId{
    .key = "id", .type = Type::name, .need = kRequired, .doc = "unique in its policy; `policy/id` names the rule"};
inline constexpr Field kRuleEffect{.key = "effect",
                                   .type = Type::choice,
                                   .need = kRequired,
                                   .doc = "what the rule does where it matches",
                                   .choices = kEffects};
inline constexpr Field kRuleReason{
    .key = "reason", .doc = "the rule's own words, `ruleReason` in answers; at most 256 bytes", .absent = "none"};
inline constexpr Field kRuleWhen{.key = "when",
                                 .type = Type::expression,
                                 .doc = "a CEL condition; one that fails never allows and always denies",
                                 .absent = "always holds"};
inline constexpr Field kRuleEnforce{.key = "enforce",
                                    .type = Type::boolean,
                                    .doc = "`false`: evaluated and logged, decides nothing",
                                    .absent = "`true`"};
inline constexpr Field kPolicyRoles{
    .key = "roles", .type = Type::name, .shape = kList, .doc = "whom it applies to", .absent = "everyone"};
inline constexpr Field kPolicyTenants{.key = "tenants",
                                      .shape = kList,
                                      .doc = "only for subjects of these tenants",
                                      .absent = "whatever the tenant, also none"};
inline constexpr Field kPolicyEnforce{.key = "enforce",
                                      .type = Type::boolean,
                                      .doc = "`false` covers all its rules, whatever they say",
                                      .absent = "each rule's own"};

extern const Object kIdentityProviderSpec;
extern const Object kRoleSpec;
extern const Object kRoleBindingSpec;
extern const Object kRoleConstraintSpec;
extern const Object kListSpec;
extern const Object kEntitiesSpec;
extern const Object kInternalServiceSpec;
extern const Object kSecretSpec;
extern const Object kEgressPolicySpec;
extern const Object kSecretPolicySpec;
extern const Object kExecutionPolicySpec;
extern const Object kAccessPolicySpec;
extern const Object kPolicyTestSpec;

}  // namespace portreeve::load
