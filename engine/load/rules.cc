#include "engine/load/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/wire/program_path.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::load {
namespace {

constexpr std::size_t kMostReasonBytes = 256;

std::optional<pattern::Pattern> read_pattern(const Node& node, Report& report) {
  auto pattern = pattern::Pattern::parse(node.text);
  if (pattern) return *std::move(pattern);
  report.error(node.at, std::move(pattern).error().message);
  return std::nullopt;
}

// Reads the field's patterns; those that are no patterns, and those that `check` reports, count as refused.
template <class Check>
std::optional<std::vector<pattern::Pattern>> read_checked(const Fields& fields, std::string_view key, Report& report,
                                                          Check check) {
  if (!fields.has(key)) return std::nullopt;
  std::vector<pattern::Pattern> out;
  for (const Node* node : fields.list(key)) {
    auto pattern = read_pattern(*node, report);
    if (pattern && (pattern->kind() == pattern::PatternKind::regex || check(*node))) {
      out.push_back(*std::move(pattern));
    } else {
      node->refused = true;
    }
  }
  return out;
}

}  // namespace

model::Document document_of(const Draft& draft, const Context& context) {
  return {draft.name, context.report.place(draft.at)};
}

std::optional<model::Reference> read_reference(const Node& node, Kind kind, Context& context) {
  if (!context.names.check(kind, node.text, node.at, context.report)) return std::nullopt;
  return model::Reference{std::string(node.text), context.report.place(node.at)};
}

std::vector<model::Reference> read_references(const Fields& fields, std::string_view key, Kind kind, Context& context) {
  std::vector<model::Reference> out;
  for (const Node* node : fields.list(key)) {
    if (auto reference = read_reference(*node, kind, context)) out.push_back(*std::move(reference));
  }
  return out;
}

std::optional<std::vector<model::Reference>> read_optional_references(const Fields& fields, std::string_view key,
                                                                      Kind kind, Context& context) {
  if (!fields.has(key)) return std::nullopt;
  return read_references(fields, key, kind, context);
}

void read_policy_header(const Draft& draft, const Fields& fields, Context& context, model::PolicyHeader& out) {
  static_cast<model::Document&>(out) = document_of(draft, context);
  out.roles = read_optional_references(fields, "roles", Kind::role, context);
  out.tenants = fields.optional_texts("tenants");
}

void RuleReader::refuse_on_deny(std::initializer_list<std::string_view> keys) const {
  if (!denies()) return;
  for (const std::string_view key : keys) {
    if (fields.has(key))
      error(key, fmt::format("`{}` on a deny rule", key), "a denial carries no obligations: remove it");
  }
}

void RuleReader::require_target(std::initializer_list<std::string_view> keys, std::string_view targets) const {
  if (!allows() || std::ranges::any_of(keys, [&](std::string_view key) { return fields.has(key); })) return;
  context.report.error(fields.at("id"), "an allow rule must name its target", fmt::format("add {}", targets));
}

RuleReader read_rule_header(const Fields& fields, const Draft& policy, bool policy_enforced, Context& context,
                            model::RuleHeader& out) {
  out.id = fields.text("id").value_or("");
  out.place = context.report.place(fields.at("id"));
  RuleReader reader{fields, context, policy.name + "/" + out.id, std::nullopt};
  if (!out.id.empty()) {
    if (const auto other = context.names.declare_rule(reader.name, fields.at("id"))) {
      reader.error("id", fmt::format("a second rule `{}` in policy `{}`", out.id, policy.name),
                   fmt::format("the first is at {}", context.report.where(*other)));
    }
  }
  if (const auto effect = fields.choice("effect")) {
    reader.effect = *effect == 0 ? model::Effect::allow : model::Effect::deny;
    out.effect = *reader.effect;
  }
  out.reason = fields.text("reason").value_or("");
  if (out.reason.size() > kMostReasonBytes) {
    reader.error("reason", fmt::format("a reason of {} bytes", out.reason.size()),
                 fmt::format("at most {}: it stands in every record of the rule", kMostReasonBytes));
  }
  if (const Node* when = fields.find("when")) out.when = context.conditions.read(*when);
  out.enforce = policy_enforced && fields.boolean("enforce").value_or(true);
  return reader;
}

std::optional<std::vector<pattern::Pattern>> read_patterns(const Fields& fields, std::string_view key, Report& report) {
  return read_checked(fields, key, report, [](const Node&) { return true; });
}

std::optional<std::vector<pattern::Pattern>> read_http_paths(const Fields& fields, std::string_view key,
                                                             Report& report) {
  return read_checked(fields, key, report, [&](const Node& node) {
    const auto bad = [&](std::string message, std::string help) {
      report.error(node.at, std::move(message), std::move(help));
      return false;
    };
    if (node.text.find('?') != std::string_view::npos) {
      return bad(fmt::format("the path `{}` has a query", printable(node.text)), "the query takes no part in matching");
    }
    const auto normal = wire::normalise_http_path(node.text);
    if (!normal)
      return bad(fmt::format("the path `{}` can match no request", printable(node.text)), normal.error().message);
    if (*normal == node.text) return true;
    return bad(fmt::format("the path `{}` is not in normal form", printable(node.text)),
               fmt::format("write `{}`", *normal));
  });
}

std::optional<std::vector<pattern::Pattern>> read_file_paths(const Fields& fields, std::string_view key,
                                                             Report& report) {
  return read_checked(fields, key, report, [&](const Node& node) {
    if (wire::is_clean_path(node.text)) return true;
    report.error(node.at, fmt::format("`{}` is not an absolute, clean path", printable(node.text)),
                 "begin with `/`; no `//`, `.`, `..` or `/` at the end");
    return false;
  });
}

std::optional<std::vector<std::string>> read_methods(const Fields& fields, std::string_view key, Report& report) {
  if (!fields.has(key)) return std::nullopt;
  std::vector<std::string> out;
  for (const Node* node : fields.list(key)) {
    if (wire::is_http_method(node->text)) {
      out.emplace_back(node->text);
      continue;
    }
    std::string upper(node->text);
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    report.error(
        node->at, fmt::format("`{}` is not an HTTP method", printable(node->text)),
        wire::is_http_method(upper) ? fmt::format("write `{}`", upper) : "methods are upper-case tokens like `GET`");
  }
  return out;
}

}  // namespace portreeve::load
