// What is suggested helps: over random policy sets, whatever the top suggestion says to write is written, and then the
// question is allowed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/analyze/explanation.h"
#include "engine/load/load.h"
#include "engine/reader/json_reader.h"
#include "tests/differential/environment.h"
#include "tests/differential/question_maker.h"
#include "tests/differential/set_maker.h"

namespace portreeve::analyze {
namespace {

using differential::Dice;
using differential::Question;
using differential::World;

#ifdef NDEBUG
constexpr std::size_t kWorlds = 120;
#else
constexpr std::size_t kWorlds = 20;
#endif
constexpr std::size_t kQuestions = 40;

std::vector<wire::PolicyFile> files_of(const World& world, const std::string& more = "") {
  return {{"world.yaml", differential::to_yaml(world, more.empty() ? "" : "---\n" + more)}};
}

std::shared_ptr<const compile::Snapshot> compiled(const World& world, const std::vector<wire::PolicyFile>& files) {
  const load::LoadResult loaded = load::load(files);
  if (loaded.set == nullptr) return nullptr;
  return compile::compile(loaded.set, {net::OwnAddresses(world.own_addresses)});
}

// A flow list of plain and quoted scalars, or one scalar, as suggestions write it.
JsonValue value_of(std::string_view yaml) {
  const auto scalar = [](std::string_view text) -> JsonValue {
    const auto json = reader::parse_json(text);  // a quoted text, a number, a boolean
    return json ? *json : JsonValue(text);
  };
  if (!yaml.starts_with('[')) return scalar(yaml);
  JsonValue::Array out;
  std::string item;
  bool quoted = false;
  for (const char c : yaml.substr(1, yaml.size() - 2)) {
    if (c == '"' && (item.empty() || item.back() != '\\')) quoted = !quoted;
    if (c == ',' && !quoted) {
      out.push_back(scalar(item));
      item.clear();
    } else if (c != ' ' || quoted) {
      item += c;
    }
  }
  out.push_back(scalar(item));
  return out;
}

// The world with the clause of that rule as the suggestion writes it; nothing where the rule is not found.
std::optional<World> with_clause(World world, const Suggestion& way) {
  const std::size_t slash = way.rule.find('/');
  const std::size_t colon = way.yaml.find(": ");
  for (differential::DocumentText& document : world.documents) {
    if (document.name != way.rule.substr(0, slash) || document.spec.find("rules") == nullptr) continue;
    JsonValue::Array rules = *document.spec.find("rules")->as_array();
    for (JsonValue& rule : rules) {
      if (*rule.find("id") != JsonValue(way.rule.substr(slash + 1))) continue;
      rule.set(way.yaml.substr(0, colon), value_of(std::string_view(way.yaml).substr(colon + 2)));
      document.spec.set("rules", std::move(rules));
      return world;
    }
  }
  return std::nullopt;
}

// What was tried of each remedy: how often, and how often the checker would not have it.
struct Tried {
  std::size_t times = 0, refused = 0, half = 0;
};

class Laws {
 public:
  void hold(const World& world, const compile::Snapshot& snapshot, const std::vector<wire::PolicyFile>& files,
            const Question& question) {
    const Explanation explanation = explain(snapshot, question.request, &files);
    const auto shown = [&] { return differential::to_yaml(world) + differential::to_json(question); };
    ASSERT_EQ(explanation.decision, decide::decide(snapshot, question.request)) << shown();
    ASSERT_EQ(explanation.reasons.front(), explanation.decision.reason) << shown();
    ASSERT_EQ(explanation.why_not.empty(), explanation.decision.allowed) << shown();
    ASSERT_TRUE(std::ranges::is_partitioned(explanation.why_not, [](const Suggestion& way) { return way.needed; }));
    for (const ConsideredRule& rule : explanation.rules) ASSERT_NE(rule.place.line, 0u) << rule.rule << shown();
    if (!explanation.decision.allowed) follow(world, question, explanation);
  }

  std::map<std::string, Tried> tried;

 private:
  // Writes what the first suggestion says, where it is all that is needed.
  void follow(const World& world, const Question& question, const Explanation& explanation) {
    const Suggestion& way = explanation.why_not.front();
    const bool alone = !way.needed || way.remedy == Remedy::declare_service;
    const bool more_is_needed = explanation.why_not.size() > 1 && explanation.why_not[1].needed;
    if (!alone || more_is_needed || way.changes != 1 || way.yaml.empty()) return;
    // A condition may read the roles, and say no to one more.
    const bool reads_roles = differential::to_yaml(world).find("subject.roles") != std::string::npos;
    if (way.remedy == Remedy::give_role && reads_roles) return;
    World changed = world;
    std::string more;
    if (way.remedy == Remedy::change_clause) {
      auto with = with_clause(world, way);
      ASSERT_TRUE(with) << way.rule;
      changed = std::move(*with);
    } else {
      more = way.yaml;
    }
    Tried& count = tried[std::string(to_text(way.remedy))];
    ++count.times;
    const auto files = files_of(changed, more);
    const auto snapshot = compiled(changed, files);
    if (snapshot == nullptr) {
      ++count.refused;
      return;
    }
    const Explanation then = explain(*snapshot, question.request, &files);
    // A rule may turn out to cover some of the addresses only; that is told next.
    if (!then.uncovered.empty()) {
      ++count.half;
      return;
    }
    EXPECT_TRUE(then.decision.allowed) << way.text << "\n"
                                       << way.yaml << "\n"
                                       << wire::code(then.decision.reason) << "\n"
                                       << (then.why_not.empty() ? "" : then.why_not.front().text) << "\n"
                                       << differential::to_yaml(world) << differential::to_json(question);
  }
};

TEST(Remedies, TheFirstHelpsOnceItIsWritten) {
  Laws laws;
  for (std::size_t i = 0; i < kWorlds && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(fmt::format("PORTREEVE_SEED={}", differential::seed() + i));
    Dice dice(differential::seed() + i);
    const World world = differential::random_world(dice);
    const auto files = files_of(world);
    const load::LoadResult loaded = load::load(files);
    if (loaded.set == nullptr) continue;
    const auto snapshot = compiled(world, files);
    const differential::QuestionMaker maker(loaded.set->documents());
    for (std::size_t n = 0; n < kQuestions && !testing::Test::HasFailure(); ++n) {
      if (const auto question = maker.make(dice)) laws.hold(world, *snapshot, files, *question);
    }
  }
  for (const char* const remedy : {"change-clause", "declare-service", "give-role", "write-rule"}) {
    const Tried& count = laws.tried[remedy];
    fmt::print("{}: {} written, {} refused by the checker, {} for some of the addresses\n", remedy, count.times,
               count.refused, count.half);
    EXPECT_GT(count.times - count.refused - count.half, count.times / 2) << remedy;
    EXPECT_GT(count.times, kWorlds / 4) << remedy;
  }
}

}  // namespace
}  // namespace portreeve::analyze
