#include "tools/portreeve/eval_question.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <span>
#include <utility>

#include "engine/analyze/policy_test_case.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "engine/reader/request_reader.h"
#include "tools/portreeve/checked.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

std::optional<std::string> if_given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

// The two sides of the first `mark`; fails with `message` where a side is empty.
Result<std::pair<std::string, std::string>> parted(std::string_view text, char mark, const char* message) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return fail(message);
  return std::pair(std::string(text.substr(0, at)), std::string(text.substr(at + 1)));
}

auto parted_subject(std::string_view text) {
  return parted(text, '/', "a subject is `ISSUER/SUB`, like `keycloak/rita`");
}
auto parted_resource(std::string_view text) {
  return parted(text, ':', "a resource is `TYPE:ID`, like `record:survey-2026`");
}
auto parted_label(std::string_view text) { return parted(text, '=', "a label is `NAME=VALUE`"); }

Result<JsonValue> parse_object(std::string_view text) {
  auto value = reader::parse_json(text);
  if (value && value->as_object() == nullptr) return fail("not a JSON object, like `{\"key\": \"value\"}`");
  return value;
}

// Sets what stands at the path, unless something does: flags add to --claims and never replace what it says.
void set_absent(JsonValue& value, std::span<const std::string> path, const JsonValue& leaf) {
  const JsonValue* const present = value.find(path[0]);
  if (path.size() == 1) {
    if (present == nullptr) value.set(path[0], leaf);
    return;
  }
  if (present != nullptr && present->as_object() == nullptr) return;
  JsonValue below = present == nullptr ? JsonValue(JsonValue::Object{}) : *present;
  set_absent(below, path.subspan(1), leaf);
  value.set(path[0], std::move(below));
}

Result<const model::IdentityProvider*> provider_of(const model::PolicySet& set, std::string_view name) {
  std::vector<std::string> names;
  for (const model::IdentityProvider& provider : set.identity_providers) {
    if (provider.name == name) return &provider;
    names.push_back(provider.name);
  }
  return fail(fmt::format("--as: no IdentityProvider is named `{}`; there is {}", printable(name),
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

// The subject of --as, with the claims that its issuer would state.
Result<model::TestSubject> read_subject(const QuestionOptions& options, const model::PolicySet& set) {
  TRY_ASSIGN(const auto as, parted_subject(options.as));
  TRY_ASSIGN(const model::IdentityProvider* const provider, provider_of(set, as.first));
  model::TestSubject subject;
  subject.issuer = provider->name;
  subject.claims = JsonValue(JsonValue::Object{});
  if (!options.claims.empty()) {
    TRY_ASSIGN(subject.claims, parse_object(options.claims));
  }
  set_absent(subject.claims, provider->subject.segments, as.second);
  if (!options.groups.empty()) {
    if (!provider->groups) return fail(fmt::format("--group: `{}` maps no claim to groups", provider->name));
    set_absent(subject.claims, provider->groups->segments, to_json(options.groups));
  }
  if (!options.tenant.empty()) {
    const auto* const path = std::get_if<model::ClaimPath>(&provider->tenant);
    if (path == nullptr) return fail(fmt::format("--tenant: `{}` takes no tenant from claims", provider->name));
    set_absent(subject.claims, path->segments, options.tenant);
  }
  return subject;
}

Status read_session(const QuestionOptions& options, model::TestCase& test_case) {
  test_case.source = if_given(options.source);
  if (!options.at.empty()) {
    TRY_ASSIGN(test_case.at, Timestamp::parse(options.at));
  }
  if (options.trust.empty() && options.age.empty() && options.labels.empty()) return {};
  model::TestSession session;
  session.trust = if_given(options.trust);
  if (!options.age.empty()) {
    TRY_ASSIGN(session.age, parse_duration(options.age));
  }
  for (const std::string& label : options.labels) {
    TRY_ASSIGN(const auto parts, parted_label(label));
    session.labels[parts.first] = parts.second;
  }
  test_case.session = std::move(session);
  return {};
}

// The question that the flags ask.
Result<model::TestCase> read_case(const QuestionOptions& options) {
  model::TestCase test_case;
  if (!options.egress.empty()) {
    model::EgressCase egress{options.egress, if_given(options.method), std::nullopt, if_given(options.sni)};
    if (!options.addresses.empty()) egress.addresses = options.addresses;
    test_case.question = std::move(egress);
  } else if (!options.secret.empty()) {
    test_case.question = model::SecretCase{options.secret,           if_given(options.use),  if_given(options.upstream),
                                           if_given(options.method), if_given(options.path), if_given(options.model)};
  } else if (!options.exec.empty()) {
    model::ExecCase exec;
    exec.command = {options.exec};
    exec.command.insert(exec.command.end(), options.positional.begin(), options.positional.end());
    exec.file = if_given(options.file);
    exec.stable = options.stable;
    exec.cwd = if_given(options.cwd);
    exec.user = if_given(options.user);
    exec.env = options.env;
    if (options.terminal) exec.terminal = true;
    test_case.question = std::move(exec);
  } else {
    TRY_ASSIGN(const auto resource, parted_resource(options.resource));
    model::AccessCase access{options.action, resource.first, resource.second, {}, {}};
    if (!options.properties.empty()) {
      TRY_ASSIGN(access.properties, parse_object(options.properties));
    }
    if (!options.context.empty()) {
      TRY_ASSIGN(access.context, parse_object(options.context));
    }
    test_case.question = std::move(access);
  }
  return test_case;
}

Result<reader::Question> read_body(const JsonValue& body, std::string_view from) {
  auto question = reader::read_question(body);
  if (!question) {
    const reader::Problem& problem = question.error();
    return fail(fmt::format("{}{}{}: {}", from, problem.field.empty() ? "" : " at ", printable(problem.field),
                            problem.message));
  }
  return std::move(*question);
}

Result<Questions> from_body(const QuestionOptions& options, const model::PolicySet& set) {
  const std::string& file = options.positional[0];
  TRY_ASSIGN(const std::string text, read_input(file, limits::kRequestBodyBytes));
  const std::string from = file == "-" ? "standard input" : file;
  const auto body = reader::parse_json(text);
  if (!body) return fail(fmt::format("{}: {}", from, body.error().message));
  TRY_ASSIGN(reader::Question question, read_body(*body, from));
  model::TestSubject subject;
  subject.type = question.subject.type;
  subject.id = question.subject.id;
  subject.properties = question.subject.properties;
  if (!options.as.empty()) {
    TRY_ASSIGN(subject, read_subject(options, set));
  }
  model::TestCase test_case;
  // What a gate asks comes from a session.
  if (std::holds_alternative<wire::AccessQuestion>(question.request.question)) test_case.question = model::AccessCase{};
  if (auto read = read_session(options, test_case); !read) return fail(read.error());
  if (test_case.source) question.request.source = test_case.source;
  analyze::simulate_subject(set, subject, test_case, now(), question.request);
  return Questions{{std::move(question.request)}, options.as.empty()};
}

Result<Questions> from_flags(const QuestionOptions& options, const model::PolicySet& set, model::TestCase test_case) {
  TRY_ASSIGN(const model::TestSubject subject, read_subject(options, set));
  if (auto read = read_session(options, test_case); !read) return fail(read.error());
  Questions questions;
  for (const JsonValue& body : analyze::evaluation_bodies(set, subject, test_case)) {
    TRY_ASSIGN(reader::Question question, read_body(body, "the question"));
    analyze::simulate_subject(set, subject, test_case, now(), question.request);
    questions.requests.push_back(std::move(question.request));
  }
  return questions;
}

}  // namespace

void QuestionOptions::declare(CLI::App& app) {
  const auto text = [&app](const char* name, std::string& target, const char* value, const char* help) {
    return app.add_option(name, target, help)->type_name(value);
  };
  const auto list = [&app](const char* name, std::vector<std::string>& target, const char* value, const char* help) {
    return app.add_option(name, target, help)->type_name(value)->allow_extra_args(false);
  };
  app.add_option("file", positional,
                 "An AuthZEN evaluation as JSON, `-` for standard input; after --exec its arguments");
  text("--as", as, "ISSUER/SUB", "Who asks, as if its token had been verified")->check(checked(parted_subject));
  text("--claims", claims, "JSON", "The token's claims")->check(checked(parse_object));
  list("--group", groups, "NAME", "A group, where the issuer's claims hold them; repeatable");
  text("--tenant", tenant, "NAME", "The tenant, where the issuer's claims hold it");
  text("--trust", trust, "LEVEL", "The session's trust")->check(CLI::IsMember({"untrusted", "partner", "internal"}));
  list("--label", labels, "NAME=VALUE", "A label of the session; repeatable")->check(checked(parted_label));
  text("--age", age, "DURATION", "The session's age")->check(checked(parse_duration));
  text("--source", source, "ADDRESS", "Where the connection comes from");
  text("--at", at, "TIME", "When it is asked (RFC 3339); now where absent")->check(checked(Timestamp::parse));
  CLI::Option* const egress_option =
      text("--egress", egress, "URL", "Out to a network: https, http, tls, tcp or connect");
  list("--address", addresses, "ADDRESS", "What the name resolves to; a public one where absent; repeatable");
  text("--sni", sni, "NAME", "The TLS server name, in transparent mode");
  CLI::Option* const secret_option = text("--secret", secret, "NAME", "Spend a Secret");
  text("--use", use, "USE", "inject or lease");
  text("--upstream", upstream, "URL", "Of a Secret; its first where absent");
  text("--method", method, "METHOD", "The HTTP method");
  text("--path", path, "PATH", "The HTTP path, of a Secret");
  text("--model", model, "NAME", "The model, of a Secret");
  CLI::Option* const exec_option = text("--exec", exec, "PROGRAM", "Start a program; its arguments after `--`");
  text("--file", file, "PATH", "The program's real path; as asked where absent");
  app.add_flag("--stable", stable, "No part of the way to the program is writable by the sandbox");
  text("--cwd", cwd, "DIR", "Where it starts");
  text("--user", user, "NAME", "Whom it runs as");
  list("--env", env, "NAME", "A variable of its environment; repeatable");
  app.add_flag("--terminal", terminal, "With a terminal");
  CLI::Option* const action_option = text("--action", action, "NAME", "Any other action");
  text("--resource", resource, "TYPE:ID", "What the action is on")->check(checked(parted_resource));
  text("--properties", properties, "JSON", "The resource's properties")->check(checked(parse_object));
  text("--context", context, "JSON", "The question's context")->check(checked(parse_object));
  const std::vector<CLI::Option*> questions{egress_option, secret_option, exec_option, action_option};
  for (CLI::Option* const one : questions) {
    for (CLI::Option* const other : questions) {
      if (one != other) one->excludes(other);
    }
  }
}

std::string QuestionOptions::misuse() const {
  if (!asks_by_flags()) {
    if (positional.empty()) return "ask something: --egress, --secret, --exec, --action, a FILE, or `-`";
    return positional.size() == 1 ? std::string() : "one FILE holds the question";
  }
  if (as.empty()) return "--as says who asks: `ISSUER/SUB`, like `keycloak/rita`";
  if (exec.empty() && !positional.empty()) return "a question is asked by flags or by a FILE, not by both";
  return !action.empty() && resource.empty() ? "--action needs --resource" : std::string();
}

Result<Questions> read_questions(const QuestionOptions& options, const model::PolicySet& set) {
  if (!options.asks_by_flags()) return from_body(options, set);
  TRY_ASSIGN(model::TestCase test_case, read_case(options));
  return from_flags(options, set, std::move(test_case));
}

}  // namespace portreeve::cli
