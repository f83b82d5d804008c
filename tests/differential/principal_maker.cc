#include "tests/differential/principal_maker.h"

#include "tests/differential/question.h"
#include "tests/differential/world.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

JsonValue random_groups(Dice& dice) {
  switch (dice.below(6)) {
    case 0:
      return {};
    case 1:
      return dice.one_of(Texts{"g1", "g1 g2"});
    case 2:
      return 7;
    default:
      return list(dice.some_of(Texts{"g2", "g1", "g3"}, 0, 3));
  }
}

JsonValue random_tenants(Dice& dice) {
  return dice.one_of(std::vector<JsonValue>{"acme", "globex", "acme", "", 7, list(Texts{"acme", "globex"}),
                                            list(Texts{"acme"}), list(Texts{"", "globex"}), JsonValue()});
}

JsonValue random_claims(Dice& dice, const std::string& sub) {
  JsonValue claims = object({{"sub", sub}});
  const auto set = [](JsonValue& into, std::string_view key, JsonValue value) {
    if (!value.is_null()) into.set(key, std::move(value));
  };
  set(claims, "groups", random_groups(dice));
  set(claims, "org", random_tenants(dice));
  if (dice.chance(75)) {
    claims.set("realm", object({{"roles", list(dice.some_of(Texts{"base", "agent", "other", "unlisted"}, 1, 3))}}));
  }
  if (dice.chance(60)) claims.set("scope", dice.one_of(Texts{"openid agent", "other", "agent other", "base  other "}));
  if (dice.chance(60)) {
    claims.set("level", dice.chance(70) ? JsonValue(static_cast<int>(dice.below(5))) : JsonValue("3"));
  }
  if (dice.chance(50)) claims.set("flag", dice.chance(70) ? JsonValue(dice.chance(50)) : JsonValue("yes"));
  if (dice.chance(40)) {
    JsonValue nested = object();
    set(nested, "groups", random_groups(dice));
    set(nested, "org", random_tenants(dice));
    if (dice.chance(50)) nested.set("level", dice.chance(50) ? JsonValue(3) : JsonValue(3.0));
    claims.set("a.b", std::move(nested));
  }
  return claims;
}

wire::SessionFacts random_session(Dice& dice, Timestamp now) {
  wire::SessionFacts session;
  session.id = "ses_1";
  const std::int64_t age = dice.one_of(std::vector<int>{0, 1799, 1800, 1801, 3599, 3600, 7200});
  session.started = Timestamp::from_unix(now.unix_seconds() - age, dice.chance(50) ? now.nanos() : 0);
  if (dice.chance(50)) session.labels = {{"task", dice.one_of(Texts{"docs", "code"})}};
  if (dice.chance(10)) session.stated_age = Seconds{dice.one_of(std::vector<int>{60, 1800, 7200})};
  if (dice.chance(10)) session.stated_trust = dice.one_of(Texts{"internal", "untrusted"});
  if (dice.chance(25)) session.roles = dice.some_of(Texts{"agent", "base", "lead", "other"}, 1, 3);
  return session;
}

}  // namespace

wire::Principal verified_principal(Dice& dice, Timestamp now) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.provider = dice.one_of(Texts{"idp", "idp", "idp", "idp", "fixed", "fixed", "nested", "gone"});
  const std::string sub = dice.one_of(Texts{"ana", "ana", "bob"});
  principal.id = principal.provider + "/" + sub;
  principal.claims = random_claims(dice, sub);
  if (dice.chance(15)) principal.chosen_tenant = dice.one_of(Texts{"acme", "globex", ""});
  if (dice.chance(90)) principal.session = random_session(dice, now);
  if (dice.chance(30)) principal.token_expires = now.plus(Seconds{dice.one_of(std::vector<int>{0, 1, 2, 20, 900})});
  return principal;
}

wire::Principal asserted_principal(Dice& dice) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::asserted;
  principal.type = dice.one_of(Texts{"user", "user", "service"});
  principal.id = principal.type == "service" ? "s1" : dice.one_of(Texts{"idp/ana", "idp/bob", "fixed/ana", "gone/ana"});
  if (principal.type == "user") principal.provider = principal.id.substr(0, principal.id.find('/'));
  if (dice.chance(60)) {
    JsonValue properties = object();
    if (dice.chance(50)) properties.set("department", dice.one_of(Texts{"research", "sales"}));
    if (dice.chance(30)) properties.set("roles", list(Texts{"agent"}));
    if (dice.chance(30)) properties.set("groups", list(Texts{"g1"}));
    principal.properties = std::move(properties);
  }
  return principal;
}

}  // namespace portreeve::differential
