#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "engine/base/text.h"
#include "engine/load/rules.h"
#include "engine/wire/reason.h"

namespace portreeve::load {
namespace {

enum class Question : std::uint8_t { egress, secret, exec, access };

struct QuestionFields {
  std::string_view key;  // that asks it
  std::span<const std::string_view> others;
};

constexpr std::string_view kOfEgress[] = {"method", "addresses", "sni"};
constexpr std::string_view kOfSecret[] = {"use", "upstream", "method", "path", "model"};
constexpr std::string_view kOfExec[] = {"file", "stable", "interpreter", "cwd", "user", "env", "terminal"};
constexpr std::string_view kOfAccess[] = {"resource", "properties", "context"};

// What belongs to one question only; the rest of a case's fields belong to all.
constexpr std::array<QuestionFields, 4> kQuestions{{
    {"egress", kOfEgress},
    {"secret", kOfSecret},
    {"exec", kOfExec},
    {"action", kOfAccess},
}};

std::optional<Question> question_of(const Fields& fields) {
  std::optional<Question> question;
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    if (!fields.has(kQuestions[i].key)) continue;
    if (question) return std::nullopt;  // reported
    question = static_cast<Question>(i);
  }
  if (!question) return std::nullopt;
  const QuestionFields& ours = kQuestions[static_cast<std::size_t>(*question)];
  for (const QuestionFields& other : kQuestions) {
    for (const std::string_view key : other.others) {
      if (!fields.has(key) || std::ranges::find(ours.others, key) != ours.others.end()) continue;
      fields.report().error(fields.at(key), fmt::format("`{}` says nothing about `{}`", key, ours.key),
                            "one question a case: remove it");
    }
  }
  return question;
}

model::EgressCase read_egress(const Fields& fields) {
  static constexpr std::array kSchemes = std::to_array<std::string_view>({"https", "http", "tls", "tcp", "connect"});
  model::EgressCase out{fields.text("egress").value_or(""), fields.text("method"), fields.optional_texts("addresses"),
                        fields.text("sni")};
  const Node* node = fields.find("egress");
  if (node == nullptr) return out;
  const std::size_t colon = out.url.find("://");
  const std::string_view scheme = std::string_view(out.url).substr(0, colon == std::string::npos ? 0 : colon);
  if (std::ranges::find(kSchemes, scheme) == kSchemes.end()) {
    fields.report().error(node->at, fmt::format("`{}` is no question about egress", printable(out.url)),
                          "a URL with one of https, http, tls, tcp, connect, like `https://example.com`");
  }
  return out;
}

model::SecretCase read_secret(const Fields& fields, Context& context) {
  model::SecretCase out{fields.text("secret").value_or(""),
                        fields.text("use"),
                        fields.text("upstream"),
                        fields.text("method"),
                        fields.text("path"),
                        fields.text("model")};
  // A question about what does not exist is one, too, where that is the point.
  const bool meant = fields.text("reason") == wire::code(wire::Reason::unknown_secret);
  if (const Node* node = fields.find("secret"); node != nullptr && !meant) {
    context.names.check(Kind::secret, node->text, node->at, context.report);
  }
  return out;
}

model::ExecCase read_exec(const Fields& fields) {
  model::ExecCase out;
  out.command = fields.texts("exec");
  out.file = fields.text("file");
  out.stable = fields.boolean("stable").value_or(false);
  if (const auto interpreter = fields.nested("interpreter")) {
    out.interpreter = model::InterpreterCase{interpreter->text("path").value_or(""), interpreter->text("file"),
                                             interpreter->boolean("stable").value_or(false)};
  }
  out.cwd = fields.text("cwd");
  out.user = fields.text("user");
  out.env = fields.texts("env");
  out.terminal = fields.boolean("terminal");
  return out;
}

model::AccessCase read_access(const Fields& fields) {
  model::AccessCase out;
  out.action = fields.text("action").value_or("");
  if (const auto resource = fields.nested("resource")) {
    out.resource_type = resource->text("type").value_or("");
    out.resource_id = resource->text("id").value_or("");
  } else if (!fields.has("resource")) {
    fields.report().error(fields.at("action"), "`resource` is missing",
                          "an action is on something: `resource: { type, id }`");
  }
  out.properties = fields.json("properties");
  out.context = fields.json("context");
  return out;
}

void read_question(const Fields& fields, Context& context, model::TestCase& out) {
  const auto question = question_of(fields);
  if (!question) return;
  switch (*question) {
    case Question::egress:
      out.question = read_egress(fields);
      return;
    case Question::secret:
      out.question = read_secret(fields, context);
      return;
    case Question::exec:
      out.question = read_exec(fields);
      return;
    case Question::access:
      out.question = read_access(fields);
      return;
  }
}

std::optional<model::TestSession> read_session(const Fields& fields, Context& context) {
  const auto session = fields.nested("session");
  if (!session) return std::nullopt;
  model::TestSession out;
  out.trust = session->text("trust");
  out.age = session->duration("age");
  if (const auto roles = read_optional_references(*session, "roles", Kind::role, context)) {
    out.roles.emplace();
    for (const model::Reference& role : *roles) out.roles->push_back(role.name);
  }
  const Node* labels = session->find("labels");
  for (const Node* key = labels == nullptr ? nullptr : labels->first; key != nullptr; key = key->next->next) {
    if (key->refused) continue;
    if (!key->next->is_scalar()) {
      fields.report().error(key->at, fmt::format("the label `{}` is no text", printable(key->text)));
      continue;
    }
    out.labels.emplace(key->text, key->next->text);
  }
  return out;
}

void read_expectation(const Fields& fields, Context& context, model::TestCase& out) {
  out.expect = fields.choice("expect") == std::size_t{0} ? model::Effect::allow : model::Effect::deny;
  if (const Node* node = fields.find("reason")) {
    out.reason = wire::reason_from_code(node->text);
    if (!out.reason) {
      std::vector<std::string_view> codes;
      for (const wire::ReasonRow& row : wire::all_reasons()) codes.push_back(row.code);
      context.report.error(node->at, fmt::format("unknown reason `{}`", printable(node->text)),
                           suggestion(node->text, codes, "a rule's own words stand in `ruleReason`"));
    }
  }
  out.rule_reason = fields.text("ruleReason");
  for (const Node* node : fields.list("by")) {
    if (context.names.check_rule(node->text, node->at, context.report)) {
      out.by.push_back({std::string(node->text), context.report.place(node->at)});
    }
  }
  out.obligations = fields.json("obligations");
  if (const auto dry_run = fields.nested("dryRun")) {
    JsonValue value;
    const auto decision = dry_run->choice("decision");
    value.set("decision", decision && *decision % 2 == 0);  // of `allow`, `deny`, `true`, `false`
    JsonValue::Array rules;
    std::vector<std::string> names;
    for (const Node* node : dry_run->list("rules")) {
      if (context.names.check_rule(node->text, node->at, context.report)) names.emplace_back(node->text);
    }
    std::ranges::sort(names);
    for (std::string& name : names) rules.emplace_back(std::move(name));
    if (dry_run->has("rules")) value.set("rules", std::move(rules));
    out.dry_run = std::move(value);
  }
}

model::TestSubject read_subject(const Node& node, const Object& object, Context& context) {
  const Fields fields(node, object, context.report);
  model::TestSubject out;
  const bool named = fields.has("type") || fields.has("id") || fields.has("properties");
  for (const std::string_view key : {"issuer", "claims"}) {
    if (named && fields.has(key)) {
      context.report.error(fields.at(key), fmt::format("`{}` stands beside `type` and `id`", key),
                           "a subject is of an issuer, with its claims, or one that a gate names");
    }
  }
  if (named) {
    for (const std::string_view key : {"type", "id"}) {
      if (!fields.has(key)) context.report.error(fields.at(), fmt::format("`{}` is missing", key));
    }
    out.type = fields.text("type").value_or("");
    out.id = fields.text("id").value_or("");
    out.properties = fields.json("properties");
    return out;
  }
  if (!fields.has("claims"))
    context.report.error(fields.at(), "`claims` is missing", "what the subject's token would state");
  out.claims = fields.json("claims");
  if (const Node* issuer = fields.find("issuer")) {
    context.names.check(Kind::identity_provider, issuer->text, issuer->at, context.report);
    out.issuer = issuer->text;
  } else if (!fields.has("issuer")) {
    const std::size_t providers = context.names.count(Kind::identity_provider);
    if (providers == 1) {
      out.issuer = context.names.only(Kind::identity_provider);
    } else {
      context.report.error(fields.at(), "`issuer` is missing",
                           providers == 0 ? "no IdentityProvider is declared" : "several are declared: name one");
    }
  }
  return out;
}

void read_as(const Fields& fields, const model::PolicyTest& test, Report& report, model::TestCase& out) {
  const Node* node = fields.find("as");
  if (node == nullptr) return;
  out.as = node->text;
  if (test.subjects.contains(out.as) || test.subjects.empty()) return;
  std::vector<std::string_view> names;
  for (const auto& [name, subject] : test.subjects) names.push_back(name);
  report.error(node->at, fmt::format("unknown subject `{}`", printable(out.as)),
               suggestion(out.as, names, "`subjects` of this document says who there is"));
}

}  // namespace

void read_policy_test(const Draft& draft, Context& context) {
  const Object& object = spec_of(Kind::policy_test).spec;
  const Fields fields(*draft.spec, object, context.report);
  model::PolicyTest test;
  static_cast<model::Document&>(test) = document_of(draft, context);
  const Node* subjects = fields.find("subjects");
  for (const Node* key = subjects == nullptr ? nullptr : subjects->first; key != nullptr; key = key->next->next) {
    if (!key->refused)
      test.subjects.emplace(key->text, read_subject(*key->next, *object.fields.front().object, context));
  }
  for (const Node* node : fields.list("cases")) {
    const Fields case_fields(*node, *object.fields.back().object, context.report);
    model::TestCase& out = test.cases.emplace_back();
    out.place = context.report.place(node->at);
    read_as(case_fields, test, context.report, out);
    read_question(case_fields, context, out);
    out.at = case_fields.time("at");
    out.session = read_session(case_fields, context);
    out.source = case_fields.text("source");
    read_expectation(case_fields, context, out);
  }
  context.set.policy_tests.push_back(std::move(test));
}

}  // namespace portreeve::load
