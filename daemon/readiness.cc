#include "daemon/readiness.h"

#include "engine/base/json_value.h"

namespace portreeve::daemon {

Readiness::Readiness(const std::vector<std::string>& conditions) {
  const MutexLock lock(mutex_);
  for (const std::string& name : conditions) conditions_.push_back({name, false, "not yet"});
}

void Readiness::met(std::string_view condition) {
  const MutexLock lock(mutex_);
  for (Condition& each : conditions_) {
    if (each.name == condition) each.met = true;
  }
}

void Readiness::unmet(std::string_view condition, std::string_view reason) {
  const MutexLock lock(mutex_);
  for (Condition& each : conditions_) {
    if (each.name != condition) continue;
    each.met = false;
    each.reason = reason;
  }
}

std::vector<Readiness::Missing> Readiness::missing() const {
  const MutexLock lock(mutex_);
  std::vector<Missing> missing;
  if (conditions_.empty()) missing.push_back({"conditions", "none declared"});
  for (const Condition& each : conditions_) {
    if (!each.met) missing.push_back({each.name, each.reason});
  }
  return missing;
}

std::string Readiness::report() const {
  JsonValue::Array list;
  for (const Missing& condition : missing()) {
    list.emplace_back(JsonValue::Object{{"condition", condition.condition}, {"reason", condition.reason}});
  }
  const bool ready = list.empty();
  return to_canonical_json(JsonValue::Object{{"missing", std::move(list)}, {"ready", ready}});
}

}  // namespace portreeve::daemon
