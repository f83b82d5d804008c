#include "engine/wire/decision.h"

namespace portreeve::wire {
namespace {

void set_number(JsonValue& object, std::string_view key, const std::optional<std::int64_t>& value) {
  if (value) object.set(key, *value);
}
void set_seconds(JsonValue& object, std::string_view key, const std::optional<Seconds>& value) {
  if (value) object.set(key, std::int64_t{value->count()});
}

JsonValue strings(const std::vector<std::string>& values) {
  JsonValue::Array array;
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

JsonValue to_json(std::monostate) { return {}; }

JsonValue to_json(const EgressObligations& egress) {
  JsonValue::Array addresses;
  for (const net::IpAddress& address : egress.addresses) addresses.emplace_back(address.to_string());
  JsonValue connect(JsonValue::Object{{"addresses", std::move(addresses)}, {"protocol", to_text(egress.protocol)}});
  JsonValue limits{JsonValue::Object{}};
  set_number(limits, "bytesIn", egress.limits.bytes_in);
  set_number(limits, "bytesOut", egress.limits.bytes_out);
  set_seconds(limits, "idle", egress.limits.idle);
  set_seconds(limits, "total", egress.limits.total);
  set_number(limits, "connections", egress.limits.connections);
  JsonValue out{JsonValue::Object{}};
  if (!egress.addresses.empty()) out.set("connect", std::move(connect));
  if (!limits.as_object()->empty()) out.set("limits", std::move(limits));
  return out;
}

JsonValue to_json(const SecretObligations& secret) {
  JsonValue limits{JsonValue::Object{}};
  set_number(limits, "requestsPerMinute", secret.requests_per_minute);
  JsonValue out{JsonValue::Object{}};
  if (!limits.as_object()->empty()) out.set("limits", std::move(limits));
  out.set("use", secret.use == SecretUse::inject ? "inject" : "lease");
  set_seconds(out, "leaseTtl", secret.lease_ttl);
  return out;
}

JsonValue to_json(const ExecObligations& exec) {
  JsonValue limits{JsonValue::Object{}};
  set_seconds(limits, "wall", exec.limits.wall);
  set_seconds(limits, "cpu", exec.limits.cpu);
  set_number(limits, "memory", exec.limits.memory);
  set_number(limits, "processes", exec.limits.processes);
  set_number(limits, "openFiles", exec.limits.open_files);
  JsonValue out{JsonValue::Object{}};
  out.set("env", JsonValue(JsonValue::Object{{"pass", strings(exec.env)}}));
  out.set("write", strings(exec.write));
  if (!limits.as_object()->empty()) out.set("limits", std::move(limits));
  return out;
}

}  // namespace

JsonValue obligations_to_json(const Obligations& obligations) {
  return std::visit([](const auto& value) { return to_json(value); }, obligations);
}

}  // namespace portreeve::wire
