#include "pep/client/answer.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "engine/base/json_value.h"
#include "engine/base/text.h"
#include "engine/wire/program_path.h"
#include "pep/client/strict_json.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

constexpr std::string_view kProblemPrefix = "urn:portreeve:problem:";

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
std::string host_text(const net::EndpointHost& host) {
  if (const auto* address = std::get_if<net::IpAddress>(&host)) return address->to_string();
  return std::get<net::HostName>(host).str();
}

std::string_view use_text(wire::SecretUse use) { return use == wire::SecretUse::inject ? "inject" : "lease"; }

}  // namespace

std::string session_of(std::string_view token) {
  const std::string unknown = "unknown";
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return unknown;
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  if (!payload) return unknown;
  const auto claims = read_json(*payload);
  if (!claims || !claims->is_object()) return unknown;
  return identifier_in(claims->get_object(), "sid").value_or(unknown);
}

namespace {

JsonValue subject_of(const Asker& asker) {
  if (asker.session.empty()) {
    return JsonValue::Object{{"type", "address"}, {"id", asker.source ? asker.source->to_string() : std::string()}};
  }
  JsonValue subject(JsonValue::Object{{"type", "session"}, {"id", asker.session}});
  if (!asker.token.empty()) subject.set("properties", JsonValue::Object{{"token", asker.token}});
  return subject;
}

std::string question_of(const Asker& asker, std::string_view action, std::string_view type, std::string id,
                        JsonValue properties) {
  JsonValue question(JsonValue::Object{
      {"subject", subject_of(asker)},
      {"action", JsonValue::Object{{"name", action}}},
      {"resource", JsonValue::Object{{"type", type}, {"id", std::move(id)}, {"properties", std::move(properties)}}}});
  if (asker.source) question.set("context", JsonValue::Object{{"source", asker.source->to_string()}});
  return to_canonical_json(question);
}

void set_if(JsonValue& object, std::string_view name, const std::optional<std::string>& text) {
  if (text) object.set(name, *text);
}

JsonValue texts(const std::vector<std::string>& list) {
  JsonValue::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

}  // namespace

std::string to_json(const EgressAsk& ask) {
  JsonValue properties(JsonValue::Object{{"host", host_text(ask.target.host)},
                                         {"port", std::int64_t{ask.target.port}},
                                         {"protocol", to_text(wire::EgressProtocol::connect)}});
  if (ask.stage == wire::EgressStage::connect) {
    JsonValue::Array addresses;
    for (const net::IpAddress& address : ask.addresses) addresses.emplace_back(address.to_string());
    properties.set("addresses", std::move(addresses));
  }
  const std::string_view action = ask.stage == wire::EgressStage::resolve ? wire::kEgressResolve : wire::kEgressConnect;
  return question_of(ask.asker, action, "endpoint", ask.target.to_string(), std::move(properties));
}

std::string to_json(const SecretAsk& ask) {
  JsonValue properties(JsonValue::Object{{"use", use_text(ask.use)}, {"upstream", ask.upstream}});
  set_if(properties, "method", ask.method);
  set_if(properties, "path", ask.path);
  set_if(properties, "model", ask.model);
  return question_of(ask.asker, wire::kSecretUse, "secret", ask.secret, std::move(properties));
}

std::string to_json(const ExecAsk& ask) {
  JsonValue properties(JsonValue::Object{{"args", texts(ask.args)},
                                         {"cwd", ask.cwd},
                                         {"env", texts(ask.env)},
                                         {"stable", ask.program.stable},
                                         {"terminal", ask.terminal},
                                         {"user", ask.user}});
  set_if(properties, "file", ask.program.file);
  if (ask.interpreter) {
    JsonValue interpreter(JsonValue::Object{{"path", ask.interpreter->path}, {"stable", ask.interpreter->stable}});
    set_if(interpreter, "file", ask.interpreter->file);
    properties.set("interpreter", std::move(interpreter));
  }
  return question_of(ask.asker, wire::kProcessExec, "program", ask.program.path, std::move(properties));
}

namespace {

Result<std::int64_t> positive(const json::value& value) {
  if (!value.is_int64() || value.get_int64() <= 0) return fail("a limit is no positive whole number");
  return value.get_int64();
}

// The policy language knows no span beyond 3650 days; arithmetic on deadlines must not overflow.
Seconds span(std::int64_t seconds) { return Seconds(std::min<std::int64_t>(seconds, 3650 * 86'400ll)); }

// Where a limit of that name goes: a number or a span, or nowhere.
using LimitPlace = std::variant<std::monostate, std::optional<std::int64_t>*, std::optional<Seconds>*>;

template <class Place>
Status read_limits(const json::value& value, Place place) {
  const json::object* limits = value.if_object();
  if (limits == nullptr) return fail("an obligation is no object");
  for (const auto& member : *limits) {
    TRY_ASSIGN(const std::int64_t number, positive(member.value()));
    const LimitPlace into = place(std::string_view(member.key().data(), member.key().size()));
    if (auto* count = std::get_if<std::optional<std::int64_t>*>(&into)) {
      **count = number;
    } else if (auto* seconds = std::get_if<std::optional<Seconds>*>(&into)) {
      **seconds = span(number);
    } else {
      return fail("there is a limit that this gate does not know");
    }
  }
  return {};
}

Result<std::vector<std::string>> read_texts(const json::value& value) {
  const json::array* array = value.if_array();
  if (array == nullptr) return fail("an obligation is no list");
  std::vector<std::string> list;
  for (const json::value& item : *array) {
    const json::string* text = item.if_string();
    if (text == nullptr) return fail("an obligation lists something that is no text");
    list.emplace_back(view(*text));
  }
  return list;
}

// What every answer holds, whatever was asked.
class Reader {
 public:
  explicit Reader(const Asker& asker) : asker_(asker) {}

  // The obligations of an allow, an empty object where there are none; nothing of a denial.
  Result<std::optional<json::object>> read(const json::value& value) {
    const json::object* root = value.if_object();
    const json::value* decision = root == nullptr ? nullptr : root->if_contains("decision");
    if (decision == nullptr || !decision->is_bool()) return fail("the answer has no `decision`");
    answer.allowed = decision->get_bool();
    const json::object* context = object_in(*root, "context");
    if (context == nullptr) return fail("the answer has no `context`");
    if (auto status = read_context(*context); !status) return fail(status.error());
    if (auto status = read_session(*context); !status) return fail(status.error());
    if (auto status = read_numbers(*context); !status) return fail(status.error());
    if (!answer.allowed) return std::optional<json::object>();
    const json::object* obligations = object_in(*context, "obligations");
    if (obligations == nullptr && context->contains("obligations")) return fail("`obligations` is no object");
    return std::optional(obligations == nullptr ? json::object() : *obligations);
  }

  Answer answer;

 private:
  Status read_context(const json::object& context) {
    const auto id = identifier_in(context, "id");
    const auto reason = identifier_in(context, "reason");
    if (!id) return fail("the answer has no `context.id`");
    if (!reason) return fail("the answer has no `context.reason`");
    const bool says_allow = *reason == wire::code(wire::Reason::rule_allow);
    if (says_allow != answer.allowed) return fail("the answer's reason contradicts its decision");
    answer.id = *id;
    answer.reason = *reason;
    if (const json::value* own = context.if_contains("ruleReason"); own != nullptr && own->is_string()) {
      answer.rule_reason = view(own->get_string());
    }
    if (const json::value* revision = context.if_contains("revision"); revision != nullptr && revision->is_string()) {
      answer.revision = view(revision->get_string());
    }
    const json::value* rules = context.if_contains("rules");
    if (rules == nullptr) return {};
    if (!rules->is_array()) return fail("`rules` is no list");
    for (const json::value& rule : rules->get_array()) {
      if (!rule.is_string()) return fail("`rules` holds something that is no text");
      answer.rules.emplace_back(view(rule.get_string()));
    }
    return {};
  }

  // What is allowed must be a session's, or no revocation could reach it.
  Status read_session(const json::object& context) {
    const json::object* session = object_in(context, "session");
    if (session == nullptr) {
      if (context.contains("session")) return fail("`session` is no object");
      if (answer.allowed) return fail("the answer allows and names no session");
      return {};
    }
    const auto id = identifier_in(*session, "id");
    const json::value* subject = session->if_contains("subject");
    if (!id || subject == nullptr || !subject->is_string()) return fail("`session` lacks its id or its subject");
    const json::value* tenant = session->if_contains("tenant");
    if (tenant != nullptr && !tenant->is_string()) return fail("`session.tenant` is no text");
    if (answer.allowed && !asker_.session.empty() && asker_.session != *id) {
      return fail("the answer is for another session than was asked for");
    }
    answer.session = AnswerSession{*id, std::string(view(subject->get_string())), std::nullopt};
    if (tenant != nullptr) answer.session->tenant = view(tenant->get_string());
    return {};
  }

  Status read_numbers(const json::object& context) {
    const auto event = count_in(context, "event");
    if (!event && context.contains("event")) return fail("`event` is no whole number");
    if (!event && answer.allowed) return fail("the answer has no `event`");
    answer.event = event.value_or(0);
    const auto cache_for = count_in(context, "cacheFor");
    if (!cache_for && context.contains("cacheFor")) return fail("`cacheFor` is no whole number");
    answer.cache_for = span(cache_for.value_or(0));
    return {};
  }

  const Asker& asker_;
};

}  // namespace

// Reads what an egress answer obliges to; the only maker of JudgedAddress. An obligation that is not understood cannot
// be fulfilled, and then the allow does not hold.
class EgressAnswer {
 public:
  explicit EgressAnswer(const EgressAsk& ask) : ask_(ask) {}

  Result<AnswerObligations> read(const json::object& obligations) {
    for (const auto& member : obligations) {
      Status read = fail("there is an obligation that this gate does not know");
      if (member.key() == "connect") read = read_connect(member.value());
      if (member.key() == "limits") read = read_limits(member.value(), [this](auto name) { return place(name); });
      if (!read) return fail(read.error());
    }
    if (ask_.stage == wire::EgressStage::connect && grant_.addresses.empty()) {
      return fail("the answer allows a connection and names no address for it");
    }
    return AnswerObligations(std::move(grant_));
  }

 private:
  Status read_connect(const json::value& value) {
    const json::object* connect = value.if_object();
    if (connect == nullptr) return fail("an obligation is no object");
    for (const auto& member : *connect) {
      if (member.key() == "protocol") {
        const json::string* text = member.value().if_string();
        const auto protocol = text == nullptr ? std::nullopt : wire::egress_protocol_from_text(view(*text));
        if (protocol != wire::EgressProtocol::tls && protocol != wire::EgressProtocol::tcp) {
          return fail("`connect.protocol` is neither tls nor tcp");
        }
        grant_.protocol = *protocol;
      } else if (member.key() == "addresses") {
        if (auto status = read_addresses(member.value()); !status) return status;
      } else {
        return fail("`connect` holds something that this gate does not know");
      }
    }
    if (!connect->contains("protocol")) return fail("`connect` has no `protocol`");
    return {};
  }

  Status read_addresses(const json::value& value) {
    if (!value.is_array()) return fail("`connect.addresses` is no list");
    for (const json::value& item : value.get_array()) {
      const json::string* text = item.if_string();
      const auto address = net::IpAddress::parse(text == nullptr ? std::string_view() : view(*text));
      if (!address) return fail("`connect.addresses` holds something that is no address");
      if (std::find(ask_.addresses.begin(), ask_.addresses.end(), *address) == ask_.addresses.end()) {
        return fail("`connect.addresses` holds an address that was not asked about");
      }
      grant_.addresses.push_back(JudgedAddress(*address, ask_.target.port));
    }
    return {};
  }

  LimitPlace place(std::string_view name) {
    wire::EgressLimits& limits = grant_.limits;
    if (name == "bytesIn") return &limits.bytes_in;
    if (name == "bytesOut") return &limits.bytes_out;
    if (name == "connections") return &limits.connections;
    if (name == "idle") return &limits.idle;
    if (name == "total") return &limits.total;
    return {};
  }

  const EgressAsk& ask_;
  EgressGrant grant_;
};

namespace {

Result<AnswerObligations> read_secret(const json::object& obligations, const SecretAsk& ask) {
  wire::SecretObligations secret;
  bool has_use = false;
  for (const auto& member : obligations) {
    if (member.key() == "use") {
      const json::string* text = member.value().if_string();
      has_use = text != nullptr && view(*text) == use_text(ask.use);
      if (!has_use) return fail("the answer is for another use than was asked for");
    } else if (member.key() == "leaseTtl") {
      TRY_ASSIGN(const std::int64_t seconds, positive(member.value()));
      secret.lease_ttl = span(seconds);
    } else if (member.key() == "limits") {
      const auto place = [&secret](std::string_view name) {
        return name == "requestsPerMinute" ? LimitPlace(&secret.requests_per_minute) : LimitPlace();
      };
      if (auto status = read_limits(member.value(), place); !status) return fail(status.error());
    } else {
      return fail("there is an obligation that this gate does not know");
    }
  }
  if (!has_use) return fail("the answer allows a use and does not name it");
  secret.use = ask.use;
  return AnswerObligations(std::move(secret));
}

LimitPlace exec_limit(wire::ExecLimits& limits, std::string_view name) {
  if (name == "wall") return &limits.wall;
  if (name == "cpu") return &limits.cpu;
  if (name == "memory") return &limits.memory;
  if (name == "processes") return &limits.processes;
  if (name == "openFiles") return &limits.open_files;
  return {};
}

Status read_env(const json::value& value, const ExecAsk& ask, std::vector<std::string>& into) {
  const json::object* env = value.if_object();
  if (env == nullptr) return fail("an obligation is no object");
  const json::value* pass = env->if_contains("pass");
  if (pass == nullptr || env->size() != 1) return fail("`env` is more or less than `pass`");
  TRY_ASSIGN(into, read_texts(*pass));
  for (const std::string& name : into) {
    if (std::find(ask.env.begin(), ask.env.end(), name) == ask.env.end()) {
      return fail("`env.pass` holds a name that was not asked about");
    }
  }
  return {};
}

Status read_write(const json::value& value, std::vector<std::string>& into) {
  TRY_ASSIGN(into, read_texts(value));
  for (const std::string& path : into) {
    std::string_view folder = path;
    if (folder.size() > 3 && folder.substr(folder.size() - 3) == "/**") folder.remove_suffix(3);
    if (!wire::is_clean_path(folder)) return fail("`write` holds something that is no path");
  }
  return {};
}

Result<AnswerObligations> read_exec(const json::object& obligations, const ExecAsk& ask) {
  wire::ExecObligations exec;
  for (const auto& member : obligations) {
    Status read = fail("there is an obligation that this gate does not know");
    if (member.key() == "env") read = read_env(member.value(), ask, exec.env);
    if (member.key() == "write") read = read_write(member.value(), exec.write);
    if (member.key() == "limits") {
      read = read_limits(member.value(), [&exec](auto name) { return exec_limit(exec.limits, name); });
    }
    if (!read) return fail(read.error());
  }
  return AnswerObligations(std::move(exec));
}

template <class Ask, class ReadObligations>
Result<Answer> read_whole(std::string_view body, const Ask& ask, ReadObligations read_obligations) {
  TRY_ASSIGN(const auto value, read_json(body));
  Reader reader(ask.asker);
  TRY_ASSIGN(const auto obligations, reader.read(value));
  if (!obligations) return std::move(reader.answer);
  TRY_ASSIGN(reader.answer.obligations, read_obligations(*obligations));
  return std::move(reader.answer);
}

}  // namespace

Result<Answer> read_answer(std::string_view body, const EgressAsk& ask) {
  return read_whole(body, ask, [&ask](const json::object& obligations) { return EgressAnswer(ask).read(obligations); });
}

Result<Answer> read_answer(std::string_view body, const SecretAsk& ask) {
  return read_whole(body, ask, [&ask](const json::object& obligations) { return read_secret(obligations, ask); });
}

Result<Answer> read_answer(std::string_view body, const ExecAsk& ask) {
  return read_whole(body, ask, [&ask](const json::object& obligations) { return read_exec(obligations, ask); });
}

std::string problem_code(std::string_view body) {
  const auto value = read_json(body);
  const json::object* root = value ? value->if_object() : nullptr;
  const auto type = root == nullptr ? std::nullopt : identifier_in(*root, "type");
  if (!type || type->rfind(kProblemPrefix, 0) != 0) return {};
  return type->substr(kProblemPrefix.size());
}

}  // namespace portreeve::pep
