#include "engine/rbac/claim_mapping.h"

#include <gtest/gtest.h>

namespace portreeve::rbac {
namespace {

using Object = JsonValue::Object;
using Array = JsonValue::Array;

model::ClaimPath path(std::vector<std::string> segments) { return {std::move(segments)}; }

TEST(FindClaim, FollowsNamesOneLevelEach) {
  const JsonValue claims(
      Object{{"realm_access", Object{{"roles", Array{"a"}}}}, {"https://example.com/roles", "b"}, {"x.y", 1}});
  EXPECT_EQ(*find_claim(claims, path({"realm_access", "roles"})), JsonValue(Array{"a"}));
  EXPECT_EQ(*find_claim(claims, path({"https://example.com/roles"})), JsonValue("b"));
  EXPECT_EQ(*find_claim(claims, path({"x.y"})), JsonValue(1)) << "a name may hold dots";
  EXPECT_EQ(find_claim(claims, path({"x", "y"})), nullptr);
  EXPECT_EQ(find_claim(claims, path({"realm_access", "roles", "a"})), nullptr);
  EXPECT_EQ(find_claim(JsonValue("text"), path({"a"})), nullptr);
}

TEST(ClaimStrings, ReadsTextListsAndScopes) {
  const struct {
    const char* name;
    JsonValue claim;
    const char* segment;
    std::vector<std::string_view> expected;
  } cases[] = {
      {"text", "Domain Admins", "groups", {"Domain Admins"}},
      {"list", Array{"a", "b"}, "groups", {"a", "b"}},
      {"list with other types", Array{"a", 1, nullptr, Array{"b"}, ""}, "groups", {"a"}},
      {"scope", "read  write ", "scope", {"read", "write"}},
      {"scp", "read write", "scp", {"read", "write"}},
      {"scope as a list", Array{"read write"}, "scope", {"read write"}},
      {"number", 7, "groups", {}},
      {"object", Object{{"a", 1}}, "groups", {}},
      {"empty text", "", "groups", {}},
      {"empty scope", " ", "scope", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(claim_strings(c.claim, path({c.segment})), c.expected) << c.name;
}

TEST(SubjectOf, IsOneNonEmptyText) {
  model::IdentityProvider provider;
  EXPECT_EQ(subject_of(provider, Object{{"sub", "rita"}}), "rita");
  EXPECT_EQ(subject_of(provider, Object{{"sub", ""}}), std::nullopt);
  EXPECT_EQ(subject_of(provider, Object{{"sub", 7}}), std::nullopt);
  EXPECT_EQ(subject_of(provider, Object{{"sub", Array{"rita"}}}), std::nullopt);
  EXPECT_EQ(subject_of(provider, Object{{"sub", std::string(256, 'x')}}), std::nullopt);
  EXPECT_EQ(subject_of(provider, JsonValue()), std::nullopt);
}

TEST(TenantsOf, LeavesWhatThereIsToChooseFrom) {
  model::IdentityProvider provider;
  EXPECT_TRUE(tenants_of(provider, Object{{"org", "acme"}}).empty()) << "no mapping, no tenant";
  provider.tenant = model::ClaimPath{{"org"}};
  EXPECT_EQ(tenants_of(provider, Object{{"org", "acme"}}), (std::vector<std::string>{"acme"}));
  EXPECT_EQ(tenants_of(provider, Object{{"org", Array{"b", "a", "b", "", 1}}}), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(tenants_of(provider, Object{{"org", ""}}).empty());
  provider.tenant = model::FixedTenant{"acme"};
  EXPECT_EQ(tenants_of(provider, Object{{"org", "other"}}), (std::vector<std::string>{"acme"}));
}

TEST(ClaimEquals, AgreesInTypeAndLooksIntoLists) {
  const JsonValue claims(Object{{"level", 3}, {"open", true}, {"team", "R&D"}, {"teams", Array{"R&D", 3}}});
  EXPECT_TRUE(claim_equals(claims, path({"level"}), 3));
  EXPECT_FALSE(claim_equals(claims, path({"level"}), "3"));
  EXPECT_FALSE(claim_equals(claims, path({"open"}), "true"));
  EXPECT_TRUE(claim_equals(claims, path({"team"}), "R&D"));
  EXPECT_TRUE(claim_equals(claims, path({"teams"}), "R&D"));
  EXPECT_TRUE(claim_equals(claims, path({"teams"}), 3));
  EXPECT_FALSE(claim_equals(claims, path({"teams"}), true));
  EXPECT_FALSE(claim_equals(claims, path({"missing"}), JsonValue())) << "absent is not null";
}

TEST(MeaningOfReferredClaim, SaysWhatItIsAndHowToMendIt) {
  EXPECT_EQ(
      meaning_of_referred_claim("groups"),
      "the token does not hold the claim `groups` and only refers to where it could be asked for (a distributed or "
      "aggregated claim; in Microsoft Entra group overage, of users in some 200 groups): what the subject may do is "
      "unknown; in Entra emit only the groups assigned to the application, or use app roles");
  EXPECT_EQ(meaning_of_referred_claim("_claim_names"),
            "the token's `_claim_names` is no object: which claims it leaves out is unknown");
}

}  // namespace
}  // namespace portreeve::rbac
