#include "tests/differential/shrinker.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "engine/analyze/policy_test_runner.h"
#include "engine/load/load.h"
#include "tests/differential/policy_test_text.h"
#include "tests/differential/set_maker.h"

namespace portreeve::differential {
namespace {

// Calls `visit` with the value less one member or element, the outer ones first, until it returns true.
bool any_without_one(const JsonValue& value, const std::function<bool(JsonValue)>& visit) {
  if (const JsonValue::Array* array = value.as_array()) {
    for (std::size_t i = array->size(); i-- > 0;) {
      JsonValue::Array less = *array;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      if (visit(JsonValue(std::move(less)))) return true;
    }
    for (std::size_t i = array->size(); i-- > 0;) {
      const auto with = [&](JsonValue element) {
        JsonValue::Array changed = *array;
        changed[i] = std::move(element);
        return visit(JsonValue(std::move(changed)));
      };
      if (any_without_one((*array)[i], with)) return true;
    }
  }
  if (const JsonValue::Object* members = value.as_object()) {
    for (std::size_t i = members->size(); i-- > 0;) {
      JsonValue::Object less = *members;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      if (visit(JsonValue(std::move(less)))) return true;
    }
    for (const auto& [key, member] : *members) {
      const auto with = [&, key = key](JsonValue changed) {
        JsonValue whole = value;
        whole.set(key, std::move(changed));
        return visit(std::move(whole));
      };
      if (any_without_one(member, with)) return true;
    }
  }
  return false;
}

class Shrinker {
 public:
  explicit Shrinker(Difference difference) : smallest_(std::move(difference)) {}

  Difference run() {
    bool shrunk = true;
    while (shrunk) {
      shrunk = false;
      while (drop_document()) shrunk = true;
      while (drop_within_documents()) shrunk = true;
      while (drop_own_address()) shrunk = true;
      while (drop_of_question()) shrunk = true;
      while (drop_of_principal()) shrunk = true;
    }
    return std::move(smallest_);
  }

 private:
  // Keeps them if the two still differ. A world that load refuses is none.
  bool keep(World world, Question question) {
    const auto loaded = Contest::of(world);
    if (!loaded) return false;
    Contest contest = loaded->with_mutant(smallest_.mutant);
    auto found = contest.judge(question, Contest::Promise::followed, contest.reference(question));
    if (!found) return false;
    smallest_ = {std::move(world), std::move(question), *std::move(found), smallest_.mutant};
    return true;
  }

  bool drop_document() {
    for (std::size_t i = smallest_.world.documents.size(); i-- > 0;) {
      World less = smallest_.world;
      less.documents.erase(less.documents.begin() + static_cast<std::ptrdiff_t>(i));
      if (keep(std::move(less), smallest_.question)) return true;
    }
    return false;
  }

  bool drop_within_documents() {
    for (std::size_t i = 0; i < smallest_.world.documents.size(); ++i) {
      const auto with = [&](JsonValue spec) {
        World less = smallest_.world;
        less.documents[i].spec = std::move(spec);
        return keep(std::move(less), smallest_.question);
      };
      if (any_without_one(JsonValue(smallest_.world.documents[i].spec), with)) return true;
    }
    return false;
  }

  bool drop_own_address() {
    for (std::size_t i = smallest_.world.own_addresses.size(); i-- > 0;) {
      World less = smallest_.world;
      less.own_addresses.erase(less.own_addresses.begin() + static_cast<std::ptrdiff_t>(i));
      if (keep(std::move(less), smallest_.question)) return true;
    }
    return false;
  }

  bool ask(JsonValue body, wire::Principal principal) {
    auto question = make_question(std::move(body), std::move(principal), smallest_.question.time,
                                  smallest_.question.identity_failure);
    return question && keep(smallest_.world, *std::move(question));
  }

  bool drop_of_question() {
    return any_without_one(JsonValue(smallest_.question.body),
                           [&](JsonValue body) { return ask(std::move(body), smallest_.question.principal); });
  }

  bool drop_of_principal() {
    const wire::Principal whole = smallest_.question.principal;
    const auto with = [&](const std::function<void(wire::Principal&)>& change) {
      wire::Principal changed = whole;
      change(changed);
      return ask(smallest_.question.body, std::move(changed));
    };
    using P = wire::Principal;
    if (whole.token_expires && with([](P& p) { p.token_expires.reset(); })) return true;
    if (whole.chosen_tenant && with([](P& p) { p.chosen_tenant.reset(); })) return true;
    if (whole.session) {
      if (with([](P& p) { p.session.reset(); })) return true;
      if (!whole.session->labels.empty() && with([](P& p) { p.session->labels.clear(); })) return true;
      if (whole.session->stated_age && with([](P& p) { p.session->stated_age.reset(); })) return true;
      if (whole.session->roles && with([](P& p) { p.session->roles.reset(); })) return true;
      if (whole.session->stated_trust && with([](P& p) { p.session->stated_trust.reset(); })) return true;
    }
    const auto less = [&](JsonValue P::*part) {
      return any_without_one(whole.*part,
                             [&](JsonValue value) { return with([&](P& p) { p.*part = std::move(value); }); });
    };
    return less(&P::claims) || less(&P::properties);
  }

  Difference smallest_;
};

}  // namespace

Difference shrink(Difference difference) { return Shrinker(std::move(difference)).run(); }

namespace {

// The world's file with the difference as a PolicyTest that the reference passes and production fails; nothing where a
// PolicyTest cannot ask the question.
std::optional<std::string> file_with_test(const Difference& difference) {
  const auto test = policy_test_of(difference.question, difference.disagreement.reference);
  if (!test) return std::nullopt;
  // The subject of a PolicyTest is some provider's, even where shrinking found that no provider matters.
  World with_provider = difference.world;
  const std::string& provider = difference.question.principal.provider;
  const auto is_it = [&](const DocumentText& each) { return each.kind == "IdentityProvider" && each.name == provider; };
  if (!provider.empty() && std::ranges::none_of(with_provider.documents, is_it)) {
    with_provider.documents.insert(with_provider.documents.begin(), plain_provider(provider));
  }
  std::string file = to_yaml(with_provider, *test);
  const load::LoadResult loaded = load::load({{"difference.yaml", file}});
  const auto world = Contest::of(with_provider);
  if (loaded.set == nullptr || !world) return std::nullopt;
  const auto failures = [&](const analyze::Decider& decide) {
    return analyze::run_policy_tests(loaded.set->documents(), decide, difference.question.time).failed;
  };
  Contest contest = world->with_mutant(difference.mutant);
  const auto asked = [](const wire::Request& request) { return Question{{}, {}, {}, {}, request}; };
  const bool reference_passes =
      failures([&](const wire::Request& request) { return contest.reference(asked(request)); }) == 0;
  const bool production_fails =
      failures([&](const wire::Request& request) { return contest.production(asked(request)); }) > 0;
  return reference_passes && production_fails ? std::optional(std::move(file)) : std::nullopt;
}

}  // namespace

std::string to_report(const Difference& difference) {
  std::string out = file_with_test(difference)
                        .value_or(fmt::format("{}# no PolicyTest can ask this: {}\n", to_yaml(difference.world),
                                              to_json(difference.question)));
  return out + fmt::format("# {}\n# reference:  {}\n# production: {}\n", difference.disagreement.about,
                           to_json(difference.disagreement.reference), to_json(difference.disagreement.production));
}

}  // namespace portreeve::differential
