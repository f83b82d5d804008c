#include "tests/docs/template.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace portreeve::docs {
namespace {

constexpr std::string_view kPatterns = "patterns: ";

// A rule of a policy with a pattern `$`, a question with an item `$`, and what is expected where they match or not.
struct PatternTemplate {
  std::string_view name;
  std::string_view kind;
  std::string_view rule;
  std::string_view question;
  std::string_view matched = "expect: allow";
  std::string_view unmatched = "expect: deny";
};

constexpr auto kPatternTemplates = std::to_array<PatternTemplate>({
    {"hosts", "EgressPolicy", "hosts: [$]", "egress: 'https://$'"},
    {"cidrs", "EgressPolicy", "cidrs: [$]", "egress: 'https://$'"},
    {"ports", "EgressPolicy", "hosts: [git.example.org], ports: [$]", "egress: 'https://git.example.org:$'"},
    {"paths", "EgressPolicy", "hosts: [archive.example.org], protocols: [http], paths: [$]",
     "egress: 'http://archive.example.org$'"},
    {"models", "SecretPolicy", "secrets: [llm/anthropic], models: [$]", "secret: llm/anthropic, model: $"},
    {"programs", "ExecutionPolicy", "programs: [$]", "exec: [$]"},
    {"env", "ExecutionPolicy", "programs: [/bin/sh], env: { pass: [$] }", "exec: [/bin/sh], env: [$]",
     "expect: allow, obligations: { env: { pass: [$] } }", "expect: allow, obligations: { env: { pass: [] } }"},
    {"ids", "AccessPolicy", "actions: [read], resources: [{ type: record, id: $ }]",
     "action: read, resource: { type: record, id: $ }"},
    {"duration", "EgressPolicy", "hosts: [git.example.org], limits: { idle: $ }", "egress: 'https://git.example.org'",
     "expect: allow, obligations: { limits: { idle: # } }"},
    {"size", "EgressPolicy", "hosts: [git.example.org], limits: { bytesOut: $ }", "egress: 'https://git.example.org'",
     "expect: allow, obligations: { limits: { bytesOut: # } }"},
    // The pattern is the code that the guard gives.
    {"guard", "EgressPolicy", "hosts: [git.example.org]", "egress: 'https://$'", "expect: deny, reason: '@'"},
});

std::string_view name_of(const Table& table, std::string_view prefix) {
  return std::string_view(table.marker).substr(std::min(prefix.size(), table.marker.size()));
}

const PatternTemplate* pattern_template(const Table& table) {
  if (!table.marker.starts_with(kPatterns)) return nullptr;
  for (const PatternTemplate& each : kPatternTemplates) {
    if (each.name == name_of(table, kPatterns)) return &each;
  }
  return nullptr;
}

// `$` within quotes takes the text as it is, elsewhere as a YAML string in quotes; `#` as a plain number; `@` the
// pattern.
std::string fill(std::string_view form, std::string_view text, std::string_view pattern) {
  std::string out;
  bool in_quotes = false;
  for (const char c : form) {
    if (c == '\'') in_quotes = !in_quotes;
    if (c == '@') {
      out += pattern;
    } else if (c != '$' && c != '#') {
      out += c;
    } else if (in_quotes || c == '#') {
      out += text;
    } else {
      out += '\'';
      for (const char each : text) out += each == '\'' ? "''" : std::string(1, each);
      out += '\'';
    }
  }
  return out;
}

std::string head(std::string_view kind) {
  return fmt::format("apiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: example }}\n", kind);
}

constexpr std::string_view kModelSecret = R"(---
apiVersion: portreeve/v1
kind: Secret
metadata: { name: llm/anthropic }
spec:
  route: /anthropic
  api: anthropic
  source: { file: anthropic-api-key }
  inject: { header: x-api-key }
  upstreams: ["https://api.anthropic.com"]
)";

struct Part {
  std::string_view key;
  std::string_view text;
};

// What a piece stands beside, unless it states the same key itself.
struct MessageTemplate {
  std::string_view kind;
  bool rule;
  std::vector<Part> parts;
};

const std::vector<MessageTemplate>& message_templates() {
  static const std::vector<MessageTemplate> kAll = {
      {"IdentityProvider",
       false,
       {{"issuer", "https://other.example.com"},
        {"audiences", "[portreeve]"},
        {"algorithms", "[EdDSA]"},
        {"jwks", "discovery"}}},
      {"Role", false, {}},
      {"RoleBinding", false, {{"roles", "[agent]"}, {"subjects", "[{ user: rita }]"}}},
      {"RoleConstraint", false, {{"kind", "static"}, {"roles", "[agent, reviewer]"}, {"atMost", "1"}}},
      {"List", false, {{"hosts", "[packages.example.org]"}}},
      {"InternalService", false, {{"hosts", "[wiki.corp.example.org]"}, {"addresses", "[10.20.30.40/32]"}}},
      {"Secret",
       false,
       {{"source", "{ file: forge-token }"}, {"inject", "bearer"}, {"upstreams", "['https://api.forge.example.org']"}}},
      {"Entities", false, {}},
      {"EgressPolicy", true, {{"effect", "allow"}, {"hosts", "[git.example.org]"}}},
      {"SecretPolicy", true, {{"effect", "allow"}, {"secrets", "[llm/anthropic]"}}},
      {"ExecutionPolicy", true, {{"effect", "allow"}, {"programs", "[/usr/bin/git]"}}},
      {"AccessPolicy", true, {{"effect", "allow"}, {"resources", "[{ type: record }]"}}},
      {"PolicyTest",
       false,
       {{"subjects", "{ rita: { claims: { sub: rita } } }"},
        {"cases", "[{ as: rita, egress: 'https://git.example.org', expect: deny }]"}}},
  };
  return kAll;
}

std::string_view kind_of_messages(const Table& table) {
  for (const std::string_view prefix : {"refused: ", "warned: "}) {
    if (table.marker.starts_with(prefix)) return name_of(table, prefix);
  }
  return {};
}

std::string piece_of(const Row& row) {
  const std::vector<std::string> code = code_of(row.cells.at(0));
  return code.empty() ? std::string() : code.front();
}

std::string document_with(const MessageTemplate& form, const std::string& piece) {
  std::string fields = piece;
  for (const Part& part : form.parts) {
    if (piece.starts_with(fmt::format("{}:", part.key))) continue;
    if (piece.find(fmt::format(", {}:", part.key)) != std::string::npos) continue;
    fields = fmt::format("{}: {}{}{}", part.key, part.text, fields.empty() ? "" : ", ", fields);
  }
  if (form.rule) fields = fmt::format("rules: [{{ id: example, {} }}]", fields);
  return head(form.kind) + "spec: { " + fields + " }\n";
}

}  // namespace

bool is_pattern_table(const Table& table) { return pattern_template(table) != nullptr; }

ExampleSet pattern_set(const Table& table, const Row& row, const std::string& base) {
  const PatternTemplate& form = *pattern_template(table);
  const std::string pattern = piece_of(row);
  std::string text = head(form.kind) + "spec: { rules: [{ id: example, effect: allow, " +
                     fill(form.rule, pattern, pattern) + " }] }\n" +
                     std::string(form.name == "models" ? kModelSecret : "") + "---\n" + head("PolicyTest") +
                     "spec:\n  subjects: { rita: { claims: { sub: rita } } }\n  cases:\n";
  const auto add = [&](std::size_t cell, std::string_view expected) {
    if (cell >= row.cells.size()) return;
    for (const std::string& item : code_of(row.cells[cell]))
      text += fmt::format("    - {{ as: rita, {}, {} }}\n", fill(form.question, item, pattern),
                          fill(expected, item, pattern));
  };
  add(1, form.matched);
  add(2, form.unmatched);
  return {fmt::format("line {}: `{}`", row.line, pattern), {{"base.yaml", base}, {"example.yaml", text}}};
}

bool is_message_table(const Table& table) { return !kind_of_messages(table).empty(); }

ExampleSet message_set(const Table& table, const Row& row, const std::string& base) {
  const std::string_view kind = kind_of_messages(table);
  const std::string piece = piece_of(row);
  std::string text = piece + "\n";
  for (const MessageTemplate& form : message_templates()) {
    if (form.kind == kind) text = document_with(form, piece) + std::string(kind == "SecretPolicy" ? kModelSecret : "");
  }
  return {fmt::format("line {}: `{}`", row.line, piece), {{"base.yaml", base}, {"example.yaml", text}}};
}

}  // namespace portreeve::docs
