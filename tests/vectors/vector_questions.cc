// Prints the cases of a folder of vectors as what goes over the wire, one a line of JSON: who asks, the evaluation
// bodies in the order in which a gate asks them, and what the reference answers to each, now.
//
//     {"place": "access/policy.yaml:70", "claims": {…} | null, "issuer": "https://…", "session": true, "labels": {…},
//     "scope": "…",
//      "questions": [{"body": {…}, "expected": {"status": 200, "decision": true, …}}]}
//
// or {"place": …, "unsayable": RULE} for a case that no request can say.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "engine/analyze/policy_test_case.h"
#include "engine/load/load.h"
#include "engine/reader/request_reader.h"
#include "engine/reference/reference.h"

namespace portreeve {
namespace {

JsonValue object() { return JsonValue(JsonValue::Object{}); }

JsonValue strings(const std::vector<std::string>& texts) {
  JsonValue::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

// Why no request over the wire is this case; empty where one is.
std::string_view unsayable(const model::TestSubject& subject, const model::TestCase& test_case) {
  if (test_case.at) return "time: a PDP has its own clock";
  if (!test_case.session) return "";
  if (!subject.type.empty()) return "session of a named subject: sessions are for subjects with tokens";
  if (test_case.session->age) return "session age: a session is as old as it is";
  if (test_case.session->trust) return "session trust: it is the provider's or a binding's";
  return "";
}

JsonValue expected_of(const wire::Decision& decision) {
  JsonValue out = object();
  out.set("status", 200);
  out.set("decision", decision.allowed);
  out.set("reason", wire::code(decision.reason));
  out.set("rules", strings(decision.rules));
  if (!decision.rule_reason.empty()) out.set("ruleReason", decision.rule_reason);
  const JsonValue obligations = wire::obligations_to_json(decision.obligations);
  if (!obligations.is_null()) out.set("obligations", obligations);
  if (decision.dry_run) {
    JsonValue dry_run = object();
    dry_run.set("decision", decision.dry_run->allowed);
    dry_run.set("rules", strings(decision.dry_run->rules));
    out.set("dryRun", std::move(dry_run));
  }
  return out;
}

JsonValue case_of(const model::PolicySet& set, const model::PolicyTest& table, const model::TestCase& test_case,
                  Timestamp now) {
  const model::TestSubject& subject = table.subjects.at(test_case.as);
  JsonValue out = object();
  out.set("place", fmt::format("{}:{}", test_case.place.file, test_case.place.line));
  if (const std::string_view rule = unsayable(subject, test_case); !rule.empty()) {
    out.set("unsayable", rule);
    return out;
  }
  out.set("claims", subject.type.empty() ? subject.claims : JsonValue());
  for (const model::IdentityProvider& provider : set.identity_providers) {
    if (provider.name == subject.issuer) out.set("issuer", provider.issuer);
  }
  JsonValue labels = object();
  if (test_case.session) {
    for (const auto& [key, value] : test_case.session->labels) labels.set(key, value);
  }
  out.set("labels", std::move(labels));
  if (test_case.session && test_case.session->roles) {
    out.set("scope", fmt::format("{}", fmt::join(*test_case.session->roles, " ")));
  }

  bool with_session = false;
  JsonValue::Array questions;
  for (JsonValue& body : analyze::evaluation_bodies(set, subject, test_case)) {
    JsonValue question = object();
    auto read = reader::read_question(body);
    question.set("body", std::move(body));
    if (!read) {
      JsonValue refused = object();
      refused.set("status", 400);
      question.set("expected", std::move(refused));
      questions.push_back(std::move(question));
      break;
    }
    analyze::simulate_subject(set, subject, test_case, now, read->request);
    with_session = read->request.principal.session.has_value();
    const wire::Decision decision = reference::reference_decide(set, read->request);
    question.set("expected", expected_of(decision));
    questions.push_back(std::move(question));
    if (!decision.allowed) break;
  }
  out.set("session", with_session);
  out.set("questions", std::move(questions));
  return out;
}

int print_cases(const std::string& folder) {
  const auto files = load::read_folder(folder);
  if (!files) {
    fmt::print(stderr, "{}\n", files.error().message);
    return 1;
  }
  const load::LoadResult loaded = load::load(*files);
  for (const Diagnostic& diagnostic : loaded.diagnostics) fmt::print(stderr, "{}\n", to_text(diagnostic));
  if (loaded.set == nullptr) return 1;
  const Timestamp now = Timestamp::from(std::chrono::system_clock::now());
  const model::PolicySet& set = loaded.set->documents();
  for (const model::PolicyTest& table : set.policy_tests) {
    for (const model::TestCase& test_case : table.cases) {
      fmt::print("{}\n", to_canonical_json(case_of(set, table, test_case, now)));
    }
  }
  return 0;
}

}  // namespace
}  // namespace portreeve

int main(int argc, char** argv) {
  if (argc == 2) return portreeve::print_cases(argv[1]);
  std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
  return 2;
}
