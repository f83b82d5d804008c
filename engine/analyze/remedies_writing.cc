// Rules and documents that would allow a question, to be pasted.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/analyze/remedies.h"
#include "engine/wire/program_path.h"

namespace portreeve::analyze {
namespace {

constexpr std::size_t kMostName = 60;

// Texts that a pattern would read otherwise.
bool is_pattern(std::string_view text) { return text.find('*') != std::string_view::npos || text.starts_with("/re:"); }

std::string rule_of(const Inquiry& inquiry, const wire::EgressQuestion& question) {
  const auto* const name = std::get_if<net::HostName>(&question.host);
  const std::string host = net::to_string(question.host);
  // The broker is the way to a Secret's upstream.
  if (name != nullptr && inquiry.snapshot.is_secret_upstream(*name)) return {};
  std::string target = fmt::format("hosts: [{}]", yaml_text(host));
  if (const auto* const address = std::get_if<net::IpAddress>(&question.host)) {
    if (question.protocol == wire::EgressProtocol::tcp) return {};  // opaque streams go to names
    const std::string text = address->to_string();
    target = fmt::format("cidrs: [{}]", yaml_text(text + (text.find(':') == std::string::npos ? "/32" : "/128")));
  }
  const std::string_view protocol =
      question.protocol == wire::EgressProtocol::connect ? "tls" : wire::to_text(question.protocol);
  return fmt::format("{{ id: {}, effect: allow, {}, ports: [{}], protocols: [{}] }}", name_for(host), target,
                     question.port, protocol);
}

std::string rule_of(const Inquiry&, const wire::SecretQuestion& question) {
  const std::string use =
      question.use ? fmt::format(", uses: [{}]", *question.use == wire::SecretUse::inject ? "inject" : "lease")
                   : std::string();
  return fmt::format("{{ id: {}, effect: allow, secrets: [{}]{} }}", name_for(question.secret),
                     yaml_text(question.secret), use);
}

std::string rule_of(const Inquiry&, const wire::ExecQuestion& question) {
  std::vector<std::string> programs;
  for (const wire::ProgramFile* program :
       {&question.program, question.interpreter ? &*question.interpreter : nullptr}) {
    if (program == nullptr) continue;
    if (!program->file || !wire::is_clean_path(program->path) || !wire::is_clean_path(*program->file)) return {};
    if (is_pattern(*program->file)) return {};
    programs.push_back(yaml_text(*program->file));
  }
  const auto stated = [](std::string_view clause, const std::optional<std::string>& value) {
    const bool usable = value && wire::is_clean_path(*value) && !is_pattern(*value);
    return usable ? fmt::format(", {}: [{}]", clause, yaml_text(*value)) : std::string();
  };
  const std::string user = question.user ? fmt::format(", users: [{}]", yaml_text(*question.user)) : std::string();
  return fmt::format("{{ id: {}, effect: allow, programs: {}{}{}{} }}", name_for(question.program.path),
                     yaml_list(programs), stated("cwd", question.cwd), user,
                     question.terminal.value_or(false) ? ", terminal: true" : "");
}

std::string rule_of(const Inquiry& inquiry, const wire::AccessQuestion&) {
  const wire::Request& request = inquiry.request;
  const std::string id = is_pattern(request.resource_id) ? "" : ", id: " + yaml_text(request.resource_id);
  return fmt::format("{{ id: {}, effect: allow, actions: [{}], resources: [{{ type: {}{} }}] }}",
                     name_for(request.action), yaml_text(request.action), yaml_text(request.resource_type), id);
}

std::string_view kind_of(const wire::Question& question) {
  static constexpr std::array<std::string_view, 4> kKinds{"EgressPolicy", "SecretPolicy", "ExecutionPolicy",
                                                          "AccessPolicy"};
  return kKinds[question.index()];
}

std::string own_role(const Explanation& explanation) {
  for (const HeldRole& role : explanation.roles) {
    const bool direct = std::ranges::any_of(
        role.origins, [](const RoleOrigin& origin) { return origin.kind != RoleOrigin::Kind::inherited; });
    if (direct) return role.role;
  }
  return {};
}

std::string what_is_missing(const Inquiry& inquiry) {
  const wire::Request& request = inquiry.request;
  if (const auto* const egress = std::get_if<wire::EgressQuestion>(&request.question)) {
    const auto* const name = std::get_if<net::HostName>(&egress->host);
    if (name != nullptr && inquiry.snapshot.is_secret_upstream(*name))
      return fmt::format("`{}` is a Secret's upstream: the way there is `secret.use`, through the broker",
                         name->view());
  }
  return {};
}

}  // namespace

std::string yaml_text(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/' || c == '-' || c == '_' ||
           (c >= '0' && c <= '9');
  };
  // Begins like no number, boolean or null that YAML knows.
  static constexpr std::array<std::string_view, 8> kWords{"true", "false", "null", "yes", "no", "on", "off", "y"};
  const bool begins = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || text[0] == '/');
  if (begins && std::ranges::all_of(text, is_plain) && std::ranges::find(kWords, text) == kWords.end() && text != "n") {
    return std::string(text);
  }
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string yaml_list(const std::vector<std::string>& items) { return fmt::format("[{}]", fmt::join(items, ", ")); }

std::string name_for(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (plain) {
      out += lower;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
    if (out.size() == kMostName) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "one" : out;
}

std::string exact_rule(const Inquiry& inquiry) {
  return std::visit([&](const auto& question) { return rule_of(inquiry, question); }, inquiry.request.question);
}

std::string exact_policy(const Inquiry& inquiry, const Explanation& explanation, std::string_view rule) {
  std::string name = "allow-" + name_for(explanation.resource_id);
  const auto is_taken = [&](const std::string& candidate) {
    return std::ranges::any_of(
        inquiry.rules, [&](const decide::RuleSurvey& other) { return other.rule.starts_with(candidate + "/"); });
  };
  for (int more = 2; is_taken(name) && more < 100; ++more) {
    name = fmt::format("allow-{}-{}", name_for(explanation.resource_id), more);
  }
  if (name.size() > 63) name.resize(63);
  while (name.ends_with('-')) name.pop_back();
  const std::string role = own_role(explanation);
  const std::string roles = role.empty() ? std::string() : fmt::format("  roles: [{}]\n", role);
  return fmt::format("apiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {} }}\nspec:\n{}  rules:\n    - {}\n",
                     kind_of(inquiry.request.question), name, roles, rule);
}

Suggestion write_rule(const Inquiry& inquiry, const Explanation& explanation) {
  Suggestion out;
  out.remedy = Remedy::write_rule;
  if (std::string missing = what_is_missing(inquiry); !missing.empty()) {
    out.remedy = Remedy::ask_differently;
    out.text = std::move(missing);
    return out;
  }
  const std::string role = own_role(explanation);
  out.text = fmt::format("no allow rule is near: one would have to be written, {}",
                         role.empty() ? std::string("for everyone, as the subject has no role of its own")
                                      : fmt::format("for the role `{}`", role));
  if (const std::string rule = exact_rule(inquiry); !rule.empty()) out.yaml = exact_policy(inquiry, explanation, rule);
  return out;
}

}  // namespace portreeve::analyze
