// A case as a row of its table, in YAML's flow style.
#include <fmt/format.h>

#include <variant>

#include "engine/analyze/policy_test_case.h"
#include "engine/wire/reason.h"

namespace portreeve::analyze {
namespace {

// The fields of one mapping; values as JSON, which YAML reads.
class Row {
 public:
  void add(std::string_view key, const JsonValue& value) { add_raw(key, to_canonical_json(value)); }
  void add_raw(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", key, value);
  }
  void add(std::string_view key, const std::optional<std::string>& value) {
    if (value) add(key, JsonValue(*value));
  }
  void add(std::string_view key, const std::vector<std::string>& values) {
    JsonValue::Array array;
    for (const std::string& value : values) array.emplace_back(value);
    add(key, JsonValue(std::move(array)));
  }
  const std::string& text() const { return text_; }
  std::string braced() const { return "{ " + text_ + " }"; }

 private:
  std::string text_;
};

void add(Row& row, const model::EgressCase& egress) {
  row.add("egress", JsonValue(egress.url));
  row.add("method", egress.method);
  if (egress.addresses) row.add("addresses", *egress.addresses);
  row.add("sni", egress.sni);
}

void add(Row& row, const model::SecretCase& secret) {
  row.add("secret", JsonValue(secret.secret));
  row.add("use", secret.use);
  row.add("upstream", secret.upstream);
  row.add("method", secret.method);
  row.add("path", secret.path);
  row.add("model", secret.model);
}

void add(Row& row, const model::ExecCase& exec) {
  row.add("exec", exec.command);
  row.add("file", exec.file);
  if (exec.stable) row.add("stable", JsonValue(true));
  if (exec.interpreter) {
    Row interpreter;
    interpreter.add("path", JsonValue(exec.interpreter->path));
    interpreter.add("file", exec.interpreter->file);
    if (exec.interpreter->stable) interpreter.add("stable", JsonValue(true));
    row.add_raw("interpreter", interpreter.braced());
  }
  row.add("cwd", exec.cwd);
  row.add("user", exec.user);
  if (!exec.env.empty()) row.add("env", exec.env);
  if (exec.terminal) row.add("terminal", JsonValue(*exec.terminal));
}

void add(Row& row, const model::AccessCase& access) {
  row.add("action", JsonValue(access.action));
  Row resource;
  resource.add("type", JsonValue(access.resource_type));
  resource.add("id", JsonValue(access.resource_id));
  row.add_raw("resource", resource.braced());
  if (!access.properties.is_null()) row.add("properties", access.properties);
  if (!access.context.is_null()) row.add("context", access.context);
}

}  // namespace

JsonValue dry_run_in_table(JsonValue dry_run) {
  const JsonValue* decision = dry_run.find("decision");
  if (decision != nullptr && decision->as_bool() != nullptr) {
    dry_run.set("decision", *decision->as_bool() ? "allow" : "deny");
  }
  return dry_run;
}

std::string to_row(const model::TestCase& test_case, std::string_view expectations) {
  Row row;
  row.add("as", JsonValue(test_case.as));
  std::visit([&](const auto& question) { add(row, question); }, test_case.question);
  if (test_case.at) row.add_raw("at", to_rfc3339(*test_case.at));
  if (test_case.session) {
    Row session;
    session.add("trust", test_case.session->trust);
    if (!test_case.session->labels.empty()) {
      Row labels;
      for (const auto& [name, value] : test_case.session->labels)
        labels.add(to_canonical_json(JsonValue(name)), JsonValue(value));
      session.add_raw("labels", labels.braced());
    }
    if (test_case.session->age) session.add_raw("age", fmt::format("{}s", test_case.session->age->count()));
    row.add_raw("session", session.braced());
  }
  row.add("source", test_case.source);
  return fmt::format("{{ {}, {} }}", row.text(), expectations);
}

std::string expectations_of(const model::TestCase& test_case) {
  Row row;
  row.add_raw("expect", test_case.expect == model::Effect::allow ? "allow" : "deny");
  if (test_case.reason) row.add("reason", JsonValue(wire::code(*test_case.reason)));
  row.add("ruleReason", test_case.rule_reason);
  if (!test_case.by.empty()) {
    std::vector<std::string> names;
    for (const model::Reference& rule : test_case.by) names.push_back(rule.name);
    row.add("by", names);
  }
  if (!test_case.obligations.is_null()) row.add("obligations", test_case.obligations);
  if (test_case.dry_run) row.add("dryRun", dry_run_in_table(*test_case.dry_run));
  return row.text();
}

}  // namespace portreeve::analyze
