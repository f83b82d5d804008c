// Values and activations as hosts use them: borrowed shapes, lazily asked attributes, no allocation.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/cel/policy_environment.h"
#include "tests/engine/cel/allocations.h"
#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

// A map of which `sni` is not known yet.
class Properties : public HostMap {
 public:
  std::optional<Value> find(std::string_view key) const override {
    if (key == "host") return Value::of("example.com");
    if (key == "sni") return Value::unknown(policy::kResourceProperties);
    return std::nullopt;
  }
  std::size_t size() const override { return 2; }
  MapEntry entry(std::size_t i) const override {
    return i == 0 ? MapEntry{Value::of("host"), Value::of("example.com")}
                  : MapEntry{Value::of("sni"), Value::unknown()};
  }
  bool partly_unknown() const override { return true; }
};

class Request : public Activation {
 public:
  Value attribute(AttributeId id) const override {
    asked.push_back(id);
    if (id == policy::kSessionTrust) return Value::of("internal");
    if (id == policy::kSubjectId) return Value::of("keycloak/rita");
    if (id == policy::kSubjectGroups) return Value::list(std::span<const std::string>(groups));
    if (id == policy::kSubjectClaims) return Value::of(claims);
    if (id == policy::kResourceProperties) return Value::map(properties);
    if (id == policy::kRequestTime) return Value::of(Timestamp::from_unix(1'700'000'000));
    if (id == policy::kRequestSource) return Value::of("10.1.2.3");
    if (id == policy::kSessionAge) return Value::of(Seconds(600));
    return Value::absent();
  }
  mutable std::vector<AttributeId> asked;
  std::vector<std::string> groups = {"/research", "/staff"};
  JsonValue claims = JsonValue(JsonValue::Object{{"department", JsonValue("R&D")}, {"level", JsonValue(3)}});
  Properties properties;
};

std::shared_ptr<const Program> program(std::string_view expression) {
  const TypeEnv env = policy_environment();
  auto found = compile(expression, env, {system_zone, Want::condition});
  EXPECT_TRUE(found.program) << to_text(found.errors);
  return found.program;
}

TEST(CelProgram, AsksOnlyForWhatItComesTo) {
  Request request;
  EXPECT_EQ(program("session.trust == 'internal' || subject.tenant == 'acme'")->run_condition(request), Truth::true_);
  EXPECT_EQ(request.asked, std::vector<AttributeId>{policy::kSessionTrust});
}

TEST(CelProgram, TreatsAPartlyUnknownMapKeyByKey) {
  Request request;
  const std::pair<const char*, Truth> rows[] = {
      {"resource.properties.host == 'example.com'", Truth::true_},
      {"resource.properties.sni == 'example.com'", Truth::unknown},
      {"resource.properties.port == 443", Truth::error},
      {"has(resource.properties.host)", Truth::true_},
      {"has(resource.properties.sni)", Truth::unknown},
      {"has(resource.properties.port)", Truth::false_},
      {"'sni' in resource.properties", Truth::unknown},
      {"'port' in resource.properties", Truth::false_},
      {"resource.properties['sni'] == 'a' || resource.properties.host == 'example.com'", Truth::true_},
      {"resource.properties.size() == 2", Truth::unknown},
      {"resource.properties == {}", Truth::unknown},
      {"[resource.properties] == [{}]", Truth::unknown},
      {"resource.properties.exists(k, k == 'host')", Truth::unknown},
  };
  for (const auto& [expression, truth] : rows)
    EXPECT_EQ(program(expression)->run_condition(request), truth) << expression;
  std::string why;
  program("resource.properties.sni == 'a'")->run_condition(request, &why);
  EXPECT_EQ(why, "`resource.properties.sni` is not known yet");
  program("resource.properties.size() == 2")->run_condition(request, &why);
  EXPECT_EQ(why, "something it reads is not known yet");
}

TEST(CelProgram, AllocatesNothingInCommonConditions) {
  if (!allocations_are_counted()) GTEST_SKIP() << "sanitizers have their own allocator";
  Request request;
  request.asked.reserve(1000);
  const std::pair<const char*, Truth> rows[] = {
      {"session.trust == 'internal' && subject.id != 'keycloak/max'", Truth::true_},
      {"session.trust in ['internal', 'partner']", Truth::true_},
      {"'/research' in subject.groups || '/admins' in subject.groups", Truth::true_},
      {"subject.claims.department == 'R&D' && subject.claims.level >= 3", Truth::true_},
      {"has(subject.claims.missing) ? subject.claims.missing == 1 : true", Truth::true_},
      {"subject.groups.exists(g, g.startsWith('/res'))", Truth::true_},
      {"request.time.getHours('Europe/Berlin') < 7 || session.age < duration('1h')", Truth::true_},
      {"subject.id.startsWith('keycloak/') && subject.id.contains('rita') && subject.id.endsWith('a')", Truth::true_},
      {"resource.properties.host.under('example.com') && subject.id.size() > 3", Truth::true_},
      {"subject.tenant == 'acme' || resource.properties.sni == 'x'", Truth::unknown},
      {"subject.tenant == 'acme' || subject.claims.missing == 'x'", Truth::error},
      {"subject.id.matches('^keycloak/[a-z]+$')", Truth::true_},
      {"cidr('10.0.0.0/8').containsIP(request.source) && !isPublic(request.source)", Truth::true_},
      {"ip(request.source) == ip('10.1.2.3') && ip(request.source).family() == 4", Truth::true_},
      {"request.time > timestamp('2023-01-01T00:00:00Z') && request.time.getDayOfWeek('+02:00') in [1, 2, 3]",
       Truth::true_},
      {"request.time - session.age < timestamp('2024-01-01T00:00:00Z') + duration('1h')", Truth::true_},
      {"subject.claims.level * 2 + 1 == 7 && -subject.claims.level < 0.5 && !(subject.claims.level == 3u)",
       Truth::false_},
      {"cel.bind(d, subject.claims.department, d == 'R&D' || d == 'legal')", Truth::true_},
      {"subject.groups.exists(i, g, i == 0 && g == '/research')", Truth::true_},
      {"subject.claims.all(k, v, k.size() > 2 && v != null)", Truth::true_},
      {"subject.id.indexOf('/') == 8 && subject.id.substring(9) == 'rita' && subject.id.charAt(0) == 'k'",
       Truth::true_},
      {"int('42') == 42 && double('1.5') < 2 && subject.groups[0] == '/research'", Truth::true_},
  };
  for (const auto& [expression, truth] : rows) {
    const auto compiled_program = program(expression);
    request.asked.clear();
    compiled_program->run_condition(request);  // RE2 builds its automaton at the first match
    request.asked.clear();
    const std::size_t before = allocations_of_this_thread();
    EXPECT_EQ(compiled_program->run_condition(request), truth) << expression;
    EXPECT_EQ(allocations_of_this_thread(), before) << expression;
  }
}

TEST(CelProgram, OutcomesOwnWhatTheyMade) {
  const auto found = compile("subject.groups.map(g, g + '!').join('+') + subject.id.upperAscii()", policy_environment(),
                             {{}, Want::any_value});
  ASSERT_TRUE(found.program);
  Outcome kept;
  {
    const Request request;
    Outcome outcome = found.program->run(request);
    kept = std::move(outcome);
  }
  EXPECT_EQ(to_text(kept.value), "\"/research!+/staff!KEYCLOAK/RITA\"");
}

TEST(CelProgram, RunsInManyThreadsAtOnce) {
  const auto shared = program(
      "subject.groups.exists(g, g.matches('^/res') && request.time.getHours('Europe/Berlin') == 23) && "
      "subject.id.upperAscii() == 'KEYCLOAK/RITA'");
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Request request;
      for (int j = 0; j < 200; ++j) right += shared->run_condition(request) == Truth::true_;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

TEST(CelValue, ReadsJsonAsCel) {
  EXPECT_EQ(to_text(Value::of(JsonValue(3))), "3");
  EXPECT_EQ(to_text(Value::of(JsonValue(3.0))), "3.0");
  EXPECT_EQ(to_text(Value::of(JsonValue())), "null");
  const JsonValue nested(JsonValue::Array{JsonValue("a"), JsonValue(JsonValue::Object{{"k", JsonValue(true)}})});
  EXPECT_EQ(to_text(Value::of(nested)), "[\"a\", {\"k\": true}]");
}

TEST(CelValue, DurationsSaturate) {
  EXPECT_EQ(Value::of(Seconds(5)).nanos(), 5'000'000'000);
  EXPECT_EQ(Value::of(Seconds::max()).nanos(), 9'223'372'036'000'000'000);
  EXPECT_EQ(Value::of(Seconds::min()).nanos(), -9'223'372'036'000'000'000);
}

}  // namespace
}  // namespace portreeve::cel
