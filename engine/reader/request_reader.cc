#include "engine/reader/request_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::reader {
namespace {

template <class T>
using Read = tl::expected<T, Problem>;

tl::unexpected<Problem> problem(std::string field, std::string message) {
  return tl::unexpected<Problem>(Problem{std::move(field), std::move(message)});
}

// One object of the body and where it stands, so that every problem names its place.
class Part {
 public:
  Part(const JsonValue* object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {}

  const JsonValue* find(std::string_view key) const { return object_ == nullptr ? nullptr : object_->find(key); }
  std::string pointer(std::string_view key) const { return fmt::format("{}/{}", pointer_, key); }

  Read<std::optional<std::string>> text(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->as_string() == nullptr) return problem(pointer(key), fmt::format("`{}` is a string", key));
    return *value->as_string();
  }

  Read<std::string> required_text(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value == nullptr) return problem(pointer(key), fmt::format("`{}` is missing", key));
    if (value->as_string() == nullptr) return problem(pointer(key), fmt::format("`{}` is a string", key));
    if (value->as_string()->empty()) return problem(pointer(key), fmt::format("`{}` is empty", key));
    return *value->as_string();
  }

  Read<std::optional<bool>> boolean(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->as_bool() == nullptr) return problem(pointer(key), fmt::format("`{}` is a boolean", key));
    return *value->as_bool();
  }

  Read<std::vector<std::string>> texts(std::string_view key) const {
    std::vector<std::string> out;
    const JsonValue* value = find(key);
    if (value == nullptr) return out;
    const JsonValue::Array* array = value->as_array();
    if (array == nullptr) return problem(pointer(key), fmt::format("`{}` is a list of strings", key));
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string* item = (*array)[i].as_string();
      if (item == nullptr)
        return problem(fmt::format("{}/{}", pointer(key), i), fmt::format("`{}` is a list of strings", key));
      out.push_back(*item);
    }
    return out;
  }

  Read<Part> object(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value != nullptr && value->as_object() == nullptr) {
      return problem(pointer(key), fmt::format("`{}` is an object", key));
    }
    return Part(value, pointer(key));
  }

  JsonValue copy() const { return object_ == nullptr ? JsonValue() : *object_; }

 private:
  const JsonValue* object_;
  std::string pointer_;
};

#define READ(declaration, ...)                                                            \
  auto PORTREEVE_CONCAT(read_, __LINE__) = (__VA_ARGS__);                                 \
  if (!PORTREEVE_CONCAT(read_, __LINE__))                                                 \
    return tl::unexpected<Problem>(std::move(PORTREEVE_CONCAT(read_, __LINE__)).error()); \
  declaration = *std::move(PORTREEVE_CONCAT(read_, __LINE__))

Read<std::optional<std::string>> read_method(const Part& properties) {
  READ(auto method, properties.text("method"));
  if (method && !wire::is_http_method(*method)) {
    return problem(properties.pointer("method"),
                   fmt::format("`{}` is not an HTTP method in upper case", printable(*method)));
  }
  return method;
}

Read<std::optional<std::string>> read_path(const Part& properties) {
  READ(const auto path, properties.text("path"));
  if (!path) return std::nullopt;
  auto normal = wire::normalise_http_path(*path);
  if (!normal) return problem(properties.pointer("path"), normal.error().message);
  return *std::move(normal);
}

Read<std::vector<net::IpAddress>> read_addresses(const Part& properties) {
  READ(const auto texts, properties.texts("addresses"));
  if (texts.size() > limits::kAddressesPerAnswer) {
    return problem(properties.pointer("addresses"), fmt::format("at most {} addresses", limits::kAddressesPerAnswer));
  }
  std::vector<net::IpAddress> addresses;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto address = net::IpAddress::parse(texts[i]);
    if (!address) return problem(fmt::format("{}/{}", properties.pointer("addresses"), i), address.error().message);
    addresses.push_back(*address);
  }
  std::ranges::sort(addresses);
  const auto repeated = std::ranges::unique(addresses);
  addresses.erase(repeated.begin(), repeated.end());
  return addresses;
}

// `resource.id` and the properties `host` and `port` say the same; where the properties leave one out, the id says it.
Read<net::Endpoint> read_endpoint(const Part& properties, const std::string& id) {
  const auto stated = net::Endpoint::parse(id);
  if (!stated) return problem("/resource/id", stated.error().message);
  READ(const auto host_text, properties.text("host"));
  if (host_text) {
    const auto host = net::parse_host(*host_text);
    if (!host) return problem(properties.pointer("host"), host.error().message);
    if (*host != stated->host) return problem("/resource/id", "`id` is not `host:port` of the properties");
  }
  if (const JsonValue* port = properties.find("port")) {
    if (port->as_int() == nullptr || *port->as_int() < 1 || *port->as_int() > 65'535) {
      return problem(properties.pointer("port"), "`port` is a whole number from 1 to 65535");
    }
    if (*port->as_int() != stated->port) return problem("/resource/id", "`id` is not `host:port` of the properties");
  }
  return *stated;
}

// The server name as a part of the question: absent, null or "" (the hello named none), or a name.
Read<std::optional<std::string>> read_server_name(const Part& properties) {
  const JsonValue* sni = properties.find("sni");
  if (sni == nullptr) return std::nullopt;
  if (sni->is_null()) return std::string();
  READ(const auto text, properties.text("sni"));
  if (text->empty()) return std::string();
  const auto name = net::HostName::parse_wire(*text);
  if (!name) return problem(properties.pointer("sni"), name.error().message);
  return name->str();
}

void set_or_leave_out(JsonValue& properties, std::string_view key, const std::optional<std::string>& value) {
  if (value) properties.set(key, *value);
}

JsonValue without(const JsonValue& properties, std::initializer_list<std::string_view> keys) {
  if (properties.as_object() == nullptr) return JsonValue(JsonValue::Object{});
  JsonValue::Object kept;
  for (const JsonValue::Member& member : *properties.as_object()) {
    if (std::ranges::find(keys, member.first) == keys.end()) kept.push_back(member);
  }
  return JsonValue(std::move(kept));
}

Read<wire::EgressQuestion> read_egress(const Part& properties, wire::Request& request) {
  wire::EgressQuestion egress;
  egress.stage = request.action == wire::kEgressResolve ? wire::EgressStage::resolve : wire::EgressStage::connect;
  READ(auto endpoint, read_endpoint(properties, request.resource_id));
  egress.host = std::move(endpoint.host);
  egress.port = endpoint.port;
  READ(const auto protocol_text, properties.required_text("protocol"));
  const auto protocol = wire::egress_protocol_from_text(protocol_text);
  if (!protocol) {
    return problem(properties.pointer("protocol"),
                   fmt::format("`{}` is none of `tls`, `http`, `tcp`, `connect`", printable(protocol_text)));
  }
  egress.protocol = *protocol;
  READ(egress.addresses, read_addresses(properties));
  READ(egress.sni, read_server_name(properties));
  READ(egress.method, read_method(properties));
  READ(egress.path, read_path(properties));

  const auto* target = std::get_if<net::IpAddress>(&egress.host);
  if (target != nullptr) {
    if (egress.addresses.size() > 1 || (egress.addresses.size() == 1 && egress.addresses.front() != *target)) {
      return problem(properties.pointer("addresses"), "the address of an address target is the target itself");
    }
    egress.addresses = {*target};
  }
  if (egress.stage == wire::EgressStage::resolve) {  // not known yet, whatever the request says (SEMANTICS §2)
    if (target == nullptr) egress.addresses.clear();
    egress.sni.reset();
    egress.method.reset();
    egress.path.reset();
  }

  request.resource_id = net::Endpoint{egress.host, egress.port}.to_string();
  JsonValue normal = without(request.resource_properties, {"addresses", "sni", "method", "path"});
  normal.set("host", net::to_string(egress.host));
  normal.set("port", std::int64_t{egress.port});
  normal.set("protocol", wire::to_text(egress.protocol));
  if (!egress.addresses.empty()) {
    JsonValue::Array addresses;
    for (const net::IpAddress& address : egress.addresses) addresses.emplace_back(address.to_string());
    normal.set("addresses", std::move(addresses));
  }
  set_or_leave_out(normal, "sni", egress.sni);
  set_or_leave_out(normal, "method", egress.method);
  set_or_leave_out(normal, "path", egress.path);
  request.resource_properties = std::move(normal);
  return egress;
}

Read<wire::SecretQuestion> read_secret(const Part& properties, wire::Request& request) {
  wire::SecretQuestion secret;
  secret.secret = request.resource_id;
  READ(const auto use, properties.text("use"));
  if (use) {
    if (*use != "inject" && *use != "lease") {
      return problem(properties.pointer("use"), fmt::format("`{}` is neither `inject` nor `lease`", printable(*use)));
    }
    secret.use = *use == "inject" ? wire::SecretUse::inject : wire::SecretUse::lease;
  }
  READ(const auto upstream, properties.text("upstream"));
  if (upstream) {
    const auto url = wire::UpstreamUrl::parse(*upstream);
    if (!url) return problem(properties.pointer("upstream"), url.error().message);
    secret.upstream = url->to_string();
  }
  READ(secret.method, read_method(properties));
  READ(secret.path, read_path(properties));
  READ(secret.model, properties.text("model"));

  JsonValue normal = without(request.resource_properties, {"upstream", "path"});
  set_or_leave_out(normal, "upstream", secret.upstream);
  set_or_leave_out(normal, "path", secret.path);
  request.resource_properties = std::move(normal);
  return secret;
}

Read<std::optional<wire::ProgramFile>> read_interpreter(const Part& properties) {
  READ(const Part interpreter, properties.object("interpreter"));
  if (properties.find("interpreter") == nullptr) return std::nullopt;
  wire::ProgramFile file;
  READ(file.path, interpreter.required_text("path"));
  READ(file.file, interpreter.text("file"));
  READ(const auto stable, interpreter.boolean("stable"));
  file.stable = stable.value_or(false);
  return file;
}

Read<wire::ExecQuestion> read_exec(const Part& properties, const wire::Request& request) {
  wire::ExecQuestion exec;
  exec.program.path = request.resource_id;
  READ(exec.program.file, properties.text("file"));
  READ(const auto stable, properties.boolean("stable"));
  exec.program.stable = stable.value_or(false);
  READ(exec.interpreter, read_interpreter(properties));
  READ([[maybe_unused]] const auto args, properties.texts("args"));
  READ(exec.cwd, properties.text("cwd"));
  READ(exec.user, properties.text("user"));
  READ(exec.env, properties.texts("env"));
  READ(exec.terminal, properties.boolean("terminal"));
  return exec;
}

struct Reserved {
  std::string_view action;
  std::string_view resource_type;
};
constexpr Reserved kReserved[] = {{wire::kEgressResolve, "endpoint"},
                                  {wire::kEgressConnect, "endpoint"},
                                  {wire::kSecretUse, "secret"},
                                  {wire::kProcessExec, "program"}};

Read<wire::Question> read_domain(const Part& properties, wire::Request& request) {
  for (const Reserved& reserved : kReserved) {
    const bool action = request.action == reserved.action;
    const bool type = request.resource_type == reserved.resource_type;
    if (action && !type) {
      return problem("/resource/type", fmt::format("`{}` is asked about a resource of type `{}`", reserved.action,
                                                   reserved.resource_type));
    }
    if (!action || !type) continue;
    if (reserved.resource_type == "endpoint")
      return read_egress(properties, request).map([](auto&& q) { return wire::Question(q); });
    if (reserved.resource_type == "secret")
      return read_secret(properties, request).map([](auto&& q) { return wire::Question(q); });
    return read_exec(properties, request).map([](auto&& q) { return wire::Question(q); });
  }
  for (const Reserved& reserved : kReserved) {
    if (request.resource_type == reserved.resource_type) {
      return problem("/action/name", fmt::format("a resource of type `{}` is asked about by another action, like `{}`",
                                                 reserved.resource_type, reserved.action));
    }
  }
  return wire::Question(wire::AccessQuestion{});
}

// `context.source` is the peer's address as the gate saw it; in generic access it may be anything the application
// means.
Read<std::optional<std::string>> read_source(const Part& context, const wire::Request& request) {
  const JsonValue* value = context.find("source");
  if (value == nullptr) return std::nullopt;
  const bool generic = std::holds_alternative<wire::AccessQuestion>(request.question);
  const std::string* text = value->as_string();
  const auto address =
      text == nullptr ? Result<net::IpAddress>(fail("`source` is an address")) : net::IpAddress::parse(*text);
  if (address) return address->to_string();
  if (generic) return std::nullopt;
  return problem(context.pointer("source"), address.error().message);
}

Read<SubjectStatement> read_subject(const Part& body) {
  SubjectStatement subject;
  if (body.find("subject") == nullptr) return problem("/subject", "`subject` is missing");
  READ(const Part part, body.object("subject"));
  READ(subject.type, part.required_text("type"));
  READ(subject.id, part.required_text("id"));
  READ(const Part properties, part.object("properties"));
  READ(subject.token, properties.text("token"));
  const JsonValue all = properties.copy();
  if (all.as_object() != nullptr) subject.properties = without(all, {"token"});
  return subject;
}

}  // namespace

tl::expected<Question, Problem> read_question(const JsonValue& body) {
  if (body.as_object() == nullptr) return problem("", "the body is a JSON object");
  const Part whole(&body, "");
  Question question;
  READ(question.subject, read_subject(whole));

  wire::Request& request = question.request;
  if (whole.find("action") == nullptr) return problem("/action", "`action` is missing");
  READ(const Part action, whole.object("action"));
  READ(request.action, action.required_text("name"));
  READ(const Part action_properties, action.object("properties"));
  request.action_properties = action_properties.copy();

  if (whole.find("resource") == nullptr) return problem("/resource", "`resource` is missing");
  READ(const Part resource, whole.object("resource"));
  READ(request.resource_type, resource.required_text("type"));
  READ(request.resource_id, resource.required_text("id"));
  READ(const Part properties, resource.object("properties"));
  request.resource_properties = properties.copy();

  READ(const Part context, whole.object("context"));
  request.context = context.copy();
  READ(request.question, read_domain(properties, request));
  READ(request.source, read_source(context, request));
  if (request.source) request.context.set("source", *request.source);
  return question;
}

}  // namespace portreeve::reader
