// A policy set in parts that can be dropped one by one, and what the deployment adds to it.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/model/policy_set.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::differential {

struct DocumentText {
  std::string kind;
  std::string name;
  JsonValue spec{JsonValue::Object{}};
};

struct World {
  std::vector<DocumentText> documents;
  std::vector<net::IpPrefix> own_addresses;
};

// One file that says what the world's policy set says; its own addresses stand in a comment. `more` is appended as it
// is.
std::string to_yaml(const World& world, std::string_view more = {});

// The set as load makes it; null where it refuses, with its errors in `errors` if given.
std::shared_ptr<const model::CheckedPolicySet> load_world(const World& world, std::string* errors = nullptr);

// Values of `spec`.
JsonValue object(std::initializer_list<JsonValue::Member> members = {});
JsonValue list(const std::vector<std::string>& texts);
JsonValue list(JsonValue::Array values);

// A value in YAML's flow style, on one line.
std::string to_flow(const JsonValue& value);

}  // namespace portreeve::differential
