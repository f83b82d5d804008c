#include "pep/client/answer.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "engine/base/json_value.h"
#include "engine/base/text.h"
#include "pep/client/strict_json.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

constexpr std::string_view kProblemPrefix = "urn:portreeve:problem:";
constexpr std::size_t kMaxIdBytes = 128;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
json::string_view key(std::string_view text) { return {text.data(), text.size()}; }

const json::object* object_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains(key(name));
  return found == nullptr ? nullptr : found->if_object();
}

// A short printable text, as identifiers are; nothing otherwise.
std::optional<std::string> identifier_in(const json::object& parent, std::string_view name) {
  const json::value* found = parent.if_contains(key(name));
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  if (text == nullptr || text->empty() || text->size() > kMaxIdBytes) return std::nullopt;
  if (!std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7f; })) return std::nullopt;
  return std::string(view(*text));
}

std::string host_text(const net::EndpointHost& host) {
  if (const auto* address = std::get_if<net::IpAddress>(&host)) return address->to_string();
  return std::get<net::HostName>(host).str();
}

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
  const JsonValue question(JsonValue::Object{
      {"subject",
       JsonValue::Object{
           {"type", "session"}, {"id", ask.session}, {"properties", JsonValue::Object{{"token", ask.token}}}}},
      {"action", JsonValue::Object{{"name", action}}},
      {"resource",
       JsonValue::Object{{"type", "endpoint"}, {"id", ask.target.to_string()}, {"properties", std::move(properties)}}},
      {"context", JsonValue::Object{{"source", ask.source.to_string()}}}});
  return to_canonical_json(question);
}

// Reads one answer; the only maker of JudgedAddress.
class AnswerReader {
 public:
  explicit AnswerReader(const EgressAsk& ask) : ask_(ask) {}

  Result<Answer> read(const json::value& value) {
    const json::object* root = value.if_object();
    const json::value* decision = root == nullptr ? nullptr : root->if_contains("decision");
    if (decision == nullptr || !decision->is_bool()) return fail("the answer has no `decision`");
    answer_.allowed = decision->get_bool();
    const json::object* context = object_in(*root, "context");
    if (context == nullptr) return fail("the answer has no `context`");
    if (auto status = read_context(*context); !status) return fail(status.error());
    if (!answer_.allowed) return std::move(answer_);
    const json::object* obligations = object_in(*context, "obligations");
    if (context->contains("obligations") && obligations == nullptr) return fail("`obligations` is no object");
    if (auto status = read_obligations(obligations); !status) return fail(status.error());
    return std::move(answer_);
  }

 private:
  Status read_context(const json::object& context) {
    const auto id = identifier_in(context, "id");
    const auto reason = identifier_in(context, "reason");
    if (!id) return fail("the answer has no `context.id`");
    if (!reason) return fail("the answer has no `context.reason`");
    const bool says_allow = *reason == wire::code(wire::Reason::rule_allow);
    if (says_allow != answer_.allowed) return fail("the answer's reason contradicts its decision");
    answer_.id = *id;
    answer_.reason = *reason;
    if (const json::value* own = context.if_contains("ruleReason"); own != nullptr && own->is_string()) {
      answer_.rule_reason = view(own->get_string());
    }
    if (const json::value* revision = context.if_contains("revision"); revision != nullptr && revision->is_string()) {
      answer_.revision = view(revision->get_string());
    }
    const json::value* rules = context.if_contains("rules");
    if (rules == nullptr) return {};
    if (!rules->is_array()) return fail("`rules` is no list");
    for (const json::value& rule : rules->get_array()) {
      if (!rule.is_string()) return fail("`rules` holds something that is no text");
      answer_.rules.emplace_back(view(rule.get_string()));
    }
    return {};
  }

  // An obligation that is not understood cannot be fulfilled, and then the allow does not hold.
  Status read_obligations(const json::object* obligations) {
    const json::object none;
    for (const auto& member : obligations == nullptr ? none : *obligations) {
      const json::object* inner = member.value().if_object();
      if (inner == nullptr) return fail("an obligation is no object");
      Status read = fail("there is an obligation that this gate does not know");
      if (member.key() == "connect") read = read_connect(*inner);
      if (member.key() == "limits") read = read_limits(*inner);
      if (!read) return read;
    }
    if (ask_.stage == wire::EgressStage::connect && answer_.addresses.empty()) {
      return fail("the answer allows a connection and names no address for it");
    }
    return {};
  }

  Status read_connect(const json::object& connect) {
    for (const auto& member : connect) {
      if (member.key() == "protocol") {
        const json::string* text = member.value().if_string();
        const auto protocol = text == nullptr ? std::nullopt : wire::egress_protocol_from_text(view(*text));
        if (protocol != wire::EgressProtocol::tls && protocol != wire::EgressProtocol::tcp) {
          return fail("`connect.protocol` is neither tls nor tcp");
        }
        answer_.protocol = *protocol;
      } else if (member.key() == "addresses") {
        if (auto status = read_addresses(member.value()); !status) return status;
      } else {
        return fail("`connect` holds something that this gate does not know");
      }
    }
    if (!connect.contains("protocol")) return fail("`connect` has no `protocol`");
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
      answer_.addresses.push_back(JudgedAddress(*address, ask_.target.port));
    }
    return {};
  }

  Status read_limits(const json::object& limits) {
    for (const auto& member : limits) {
      const json::value& value = member.value();
      if (!value.is_int64() || value.get_int64() <= 0) return fail("a limit is no positive whole number");
      const std::int64_t number = value.get_int64();
      wire::EgressLimits& into = answer_.limits;
      if (member.key() == "bytesIn") {
        into.bytes_in = number;
      } else if (member.key() == "bytesOut") {
        into.bytes_out = number;
      } else if (member.key() == "connections") {
        into.connections = number;
      } else if (member.key() == "idle") {
        into.idle = bounded(number);
      } else if (member.key() == "total") {
        into.total = bounded(number);
      } else {
        return fail("there is a limit that this gate does not know");
      }
    }
    return {};
  }

  // The policy language knows no span beyond 3650 days; arithmetic on deadlines must not overflow.
  static Seconds bounded(std::int64_t seconds) { return Seconds(std::min<std::int64_t>(seconds, 3650 * 86'400ll)); }

  const EgressAsk& ask_;
  Answer answer_;
};

Result<Answer> read_answer(std::string_view body, const EgressAsk& ask) {
  TRY_ASSIGN(const auto value, read_json(body));
  return AnswerReader(ask).read(value);
}

std::string problem_code(std::string_view body) {
  const auto value = read_json(body);
  const json::object* root = value ? value->if_object() : nullptr;
  const auto type = root == nullptr ? std::nullopt : identifier_in(*root, "type");
  if (!type || type->rfind(kProblemPrefix, 0) != 0) return {};
  return type->substr(kProblemPrefix.size());
}

}  // namespace portreeve::pep
