#include "tests/differential/set_maker.h"

#include <fmt/format.h>

#include "tests/differential/rule_maker.h"

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t kMoreRolesThanAWordHas = 70;

DocumentText provider(std::string name, JsonValue claims, std::string trust) {
  const std::string issuer = fmt::format("https://{}.example.com", name);
  return {"IdentityProvider", std::move(name),
          object({{"issuer", issuer},
                  {"audiences", list(Texts{"portreeve"})},
                  {"algorithms", list(Texts{"EdDSA"})},
                  {"jwks", object({{"uri", issuer + "/jwks"}})},
                  {"claims", std::move(claims)},
                  {"trust", std::move(trust)}})};
}

JsonValue random_subject(Dice& dice) {
  const auto claim = [](JsonValue path, JsonValue equals) {
    return object({{"path", std::move(path)}, {"equals", std::move(equals)}});
  };
  return dice.one_of(std::vector<JsonValue>{
      object({{"issuer", "idp"}, {"user", "ana"}}),
      object({{"issuer", "idp"}, {"user", "bob"}}),
      object({{"issuer", "fixed"}, {"user", "ana"}}),
      object({{"issuer", "idp"}, {"group", "g1"}}),
      object({{"issuer", "idp"}, {"group", "g2"}}),
      object({{"issuer", "nested"}, {"group", "g1"}}),
      object({{"issuer", "idp"}, {"claim", claim("level", 3)}}),
      object({{"issuer", "idp"}, {"claim", claim("groups", "g3")}}),
      object({{"issuer", "idp"}, {"claim", claim("flag", true)}}),
      object({{"issuer", "nested"}, {"claim", claim(list(Texts{"a.b", "level"}), 3)}}),
      object({{"issuer", "fixed"}, {"claim", claim(list(Texts{"org"}), "acme")}}),
  });
}

DocumentText binding(Dice& dice, std::size_t number) {
  DocumentText document{"RoleBinding", fmt::format("binding-{}", number)};
  JsonValue& spec = document.spec;
  spec.set("roles", list(dice.some_of(Texts{"base", "agent", "lead", "other"}, 1, 2)));
  JsonValue::Array subjects;
  for (std::size_t i = 1 + dice.below(2); i > 0; --i) subjects.push_back(random_subject(dice));
  spec.set("subjects", list(std::move(subjects)));
  if (dice.chance(25)) spec.set("tenants", list(dice.some_of(Texts{"acme", "globex"}, 1, 2)));
  if (dice.chance(25)) {
    spec.set("starts",
             dice.one_of(Texts{"2026-11-24T12:00:00Z", "2026-11-24T12:00:01Z", "2026-11-24T12:00:00.000000001Z"}));
  }
  if (dice.chance(25)) {
    spec.set("expires",
             dice.one_of(Texts{"2026-11-24T12:00:02Z", "2026-11-24T13:00:02+01:00", "2026-11-24T12:00:01.5Z"}));
  }
  if (dice.chance(60)) spec.set("trust", dice.one_of(Texts{"untrusted", "partner", "internal"}));
  return document;
}

void add_roles(Dice& dice, World& world) {
  auto& documents = world.documents;
  documents.push_back({"Role", "base"});
  documents.push_back({"Role", "agent", object({{"inherits", list(Texts{"base"})}})});
  const bool apart = dice.chance(30);
  const bool both = apart ? dice.chance(10) : dice.chance(50);  // a role over a constraint by itself does not load
  documents.push_back({"Role", "lead", object({{"inherits", list(both ? Texts{"agent", "other"} : Texts{"agent"})}})});
  documents.push_back({"Role", "other"});
  if (dice.chance(2)) {
    for (std::size_t i = 0; i < kMoreRolesThanAWordHas; ++i) documents.push_back({"Role", fmt::format("filler-{}", i)});
  }
  for (std::size_t i = dice.below(7); i > 0; --i) documents.push_back(binding(dice, i));
  for (std::size_t i = apart ? 1 + dice.below(2) : 0; i > 0; --i) {
    const Texts roles = dice.chance(85) ? dice.one_of(std::vector<Texts>{{"agent", "other"}, {"base", "other"}})
                                        : dice.some_of(Texts{"agent", "other", "base"}, 2, 3);
    documents.push_back({"RoleConstraint", fmt::format("apart-{}", i),
                         object({{"kind", dice.chance(20) ? "static" : "dynamic"},
                                 {"roles", list(roles)},
                                 {"atMost", static_cast<int>(1 + dice.below(roles.size() - 1))}})});
  }
}

void add_providers(World& world) {
  world.documents.push_back(identity_provider({"base", "agent", "other"}));
  world.documents.push_back(
      provider("fixed",
               object({{"tenant", object({{"always", "acme"}})},
                       {"roles", object({{"path", "scope"}, {"allow", list(Texts{"agent", "other"})}})}}),
               "internal"));
  world.documents.push_back(
      provider("nested", object({{"groups", list(Texts{"a.b", "groups"})}, {"tenant", list(Texts{"a.b", "org"})}}),
               "untrusted"));
}

void add_services(Dice& dice, World& world) {
  JsonValue wiki = object({{"hosts", list(Texts{"w.example.org", "svc", "a.example.com", "metadata.google.internal"})},
                           {"addresses", list(Texts{"10.20.0.0/24", "fd00:1:2::/48"})}});
  if (dice.chance(70)) {
    wiki.set("ports", list(JsonValue::Array{443, 8443}));
  } else {
    wiki.set("protocols", list(Texts{"http"}));
  }
  world.documents.push_back({"InternalService", "wiki", std::move(wiki)});
  world.documents.push_back({"InternalService", "git",
                             object({{"hosts", list(Texts{"w.example.org", "*.a.example.com"})},
                                     {"addresses", list(Texts{"10.20.0.128/25", "8.8.4.4/32", "100.64.0.0/31"})},
                                     {"ports", list(JsonValue::Array{22, 443})},
                                     {"protocols", list(dice.chance(65) ? Texts{"tcp"} : Texts{"tls", "tcp"})}})});
}

void add_things(Dice& dice, World& world) {
  auto& documents = world.documents;
  documents.push_back({"List", "some", object({{"hosts", list(Texts{"b.example.com", "*.x.a.example.com"})}})});
  documents.push_back({"Secret", "llm/one",
                       object({{"source", object({{"file", "one"}})},
                               {"inject", "bearer"},
                               {"upstreams", list(Texts{"https://api.example.net", "https://api.example.net/v1"})}})});
  documents.push_back({"Secret", "llm/two",
                       object({{"source", object({{"file", "two"}})},
                               {"inject", "bearer"},
                               {"upstreams", list(Texts{"https://other.example.net"})}})});
  if (!dice.chance(60)) return;
  const auto entity = [](std::string type, std::string id, JsonValue properties) {
    return object({{"type", std::move(type)}, {"id", std::move(id)}, {"properties", std::move(properties)}});
  };
  documents.push_back(
      {"Entities", "directory",
       object({{"subjects", list(JsonValue::Array{entity("user", "idp/ana", object({{"department", "research"}})),
                                                  entity("service", "s1", object({{"department", "sales"}}))})},
               {"resources",
                list(JsonValue::Array{entity("record", "r1", object({{"status", "active"}, {"n", 1}})),
                                      entity("endpoint", "a.example.com:443", object({{"status", "active"}}))})}})});
}

}  // namespace

DocumentText plain_provider(std::string name) {
  DocumentText document = provider(std::move(name), object(), "untrusted");
  JsonValue::Object kept = *document.spec.as_object();
  std::erase_if(kept, [](const JsonValue::Member& member) { return member.first == "claims"; });
  document.spec = JsonValue(std::move(kept));
  return document;
}

DocumentText identity_provider(const std::vector<std::string>& granted) {
  JsonValue claims = object({{"groups", "groups"}, {"tenant", "org"}});
  if (!granted.empty()) claims.set("roles", object({{"path", "realm.roles"}, {"allow", list(granted)}}));
  return provider("idp", std::move(claims), "partner");
}

World random_world(Dice& dice) {
  World world;
  add_providers(world);
  add_roles(dice, world);
  add_services(dice, world);
  add_things(dice, world);
  const auto few = [&] { return dice.chance(8) ? 0 : 1 + dice.below(2); };
  for (std::size_t i = 1 + dice.below(3); i > 0; --i) {
    world.documents.push_back(egress_policy(dice, fmt::format("egress-{}", i)));
  }
  for (std::size_t i = few(); i > 0; --i) {
    world.documents.push_back(secret_policy(dice, fmt::format("secrets-{}", i)));
  }
  for (std::size_t i = few(); i > 0; --i) {
    world.documents.push_back(execution_policy(dice, fmt::format("programs-{}", i)));
  }
  for (std::size_t i = few(); i > 0; --i) {
    world.documents.push_back(access_policy(dice, fmt::format("access-{}", i)));
  }
  if (dice.chance(30)) {
    for (const char* prefix : {"8.8.8.200/30", "10.20.0.0/31", "100.64.0.0/32", "1.1.1.0/31", "2606:4700::/127"}) {
      if (dice.chance(50)) world.own_addresses.push_back(*net::IpPrefix::parse(prefix));
    }
  }
  return world;
}

}  // namespace portreeve::differential
