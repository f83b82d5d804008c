#include "tests/engine/cel/support.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace portreeve::cel {

TypeEnv test_environment() {
  TypeEnv env;
  env.declare_object("who", {{"id", Type::string()}, {"trust", Type::string()}, {"gone", Type::string()}});
  env.declare("flag", Type::boolean());
  env.declare("i", Type::integer());
  env.declare("u", Type::unsigned_integer());
  env.declare("d", Type::real());
  env.declare("s", Type::string());
  env.declare("y", Type::bytes());
  env.declare("t", Type::timestamp());
  env.declare("age", Type::duration());
  env.declare("numbers", Type::list(Type::integer()));
  env.declare("names", Type::list(Type::string()));
  env.declare("claims", Type::map(Type::string(), Type::dyn()));
  env.declare("labels", Type::map(Type::string(), Type::string()));
  for (const char* name : {"x", "err", "unk"}) env.declare(name, Type::dyn());
  env.declare("who", Type::object("who"));
  return env;
}

namespace {
JsonValue test_claims() {
  JsonValue nested;
  nested.set("deep", JsonValue("down"));
  JsonValue claims;
  claims.set("department", JsonValue("R&D"));
  claims.set("level", JsonValue(3));
  claims.set("ratio", JsonValue(0.5));
  claims.set("nothing", JsonValue());
  claims.set("on", JsonValue(true));
  claims.set("list", JsonValue(JsonValue::Array{JsonValue("a"), JsonValue(2), JsonValue(2.5)}));
  claims.set("nested", nested);
  claims.set("a-b", JsonValue("dash"));
  return claims;
}
}  // namespace

TestActivation::TestActivation()
    : environment_(test_environment()),
      claims_(test_claims()),
      names_({"alpha", "beta", "gamma"}),
      labels_({{"team", "red"}, {"env", "prod"}}),
      numbers_({Value::of(1), Value::of(2), Value::of(3)}) {
  values_ = {{"flag", Value::of(true)},
             {"i", Value::of(7)},
             {"u", Value::of_uint(7)},
             {"d", Value::of(1.5)},
             {"s", Value::of("Grüße")},
             {"y", Value::bytes(std::string_view("\x00\xFF", 2))},
             {"t", Value::of(Timestamp::from_unix(1'234'567'890, 123'456'789))},  // Friday 2009-02-13T23:31:30Z
             {"age", Value::of(Seconds(3730))},
             {"numbers", Value::list(std::span<const Value>(numbers_))},
             {"names", Value::list(std::span<const std::string>(names_))},
             {"claims", Value::of(claims_)},
             {"labels", Value::map(std::span<const std::pair<std::string, std::string>>(labels_))},
             {"x", Value::of("text")},
             {"err", Value::absent()},
             {"unk", Value::unknown()},
             {"who.id", Value::of("keycloak/rita")},
             {"who.trust", Value::of("internal")},
             {"who.gone", Value::absent()}};
}

Value TestActivation::attribute(AttributeId id) const { return values_.at(environment_.name_of(id)); }

std::string zone_bytes(std::string_view name) {
  std::ifstream file(std::string("/usr/share/zoneinfo/").append(name), std::ios::binary);
  std::ostringstream bytes;
  if (file) bytes << file.rdbuf();
  return bytes.str();
}

Result<std::shared_ptr<const Zone>> system_zone(std::string_view name) {
  const std::string bytes = zone_bytes(name);
  if (bytes.empty()) return fail(fmt::format("unknown time zone `{}`", name));
  TRY_ASSIGN(Zone zone, Zone::parse_tzif(std::as_bytes(std::span(bytes))));
  return std::make_shared<const Zone>(std::move(zone));
}

std::string to_text(const std::vector<CompileError>& errors) {
  std::string text;
  for (const CompileError& error : errors) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", error.offset + 1, error.message);
    if (!error.help.empty()) text += fmt::format(" ({})", error.help);
  }
  return text;
}

std::string evaluate(std::string_view expression, const Activation& activation) {
  const Compiled found = compile(expression, test_environment(), {system_zone, Want::any_value});
  if (!found.program) return to_text(found.errors);
  const Outcome outcome = found.program->run(activation);
  if (outcome.value.is_error()) return "error: " + found.program->explain(outcome.value);
  if (outcome.value.is_unknown()) return "unknown: " + found.program->explain(outcome.value);
  return to_text(outcome.value);
}

std::string compiled(std::string_view expression, const TypeEnv& environment) {
  const Compiled found = compile(expression, environment, {system_zone, Want::condition});
  return found.program ? found.program->dump() : to_text(found.errors);
}

}  // namespace portreeve::cel
