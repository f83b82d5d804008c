#include "tests/tools/substrate/yaml_reading.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>

namespace portreeve::substrate {
namespace {

JsonValue to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    JsonValue out{JsonValue::Object{}};
    for (const auto& entry : node) {
      EXPECT_EQ(out.find(entry.first.Scalar()), nullptr) << "twice: " << entry.first.Scalar();
      out.set(entry.first.Scalar(), to_json(entry.second));
    }
    return out;
  }
  if (node.IsSequence()) {
    JsonValue::Array out;
    for (const auto& element : node) out.push_back(to_json(element));
    return out;
  }
  if (node.Tag() == "!") return node.Scalar();  // stood in quotes
  return node.as<std::int64_t>();
}

}  // namespace

std::vector<JsonValue> read_yaml_documents(const std::string& text) {
  std::vector<JsonValue> out;
  for (const YAML::Node& node : YAML::LoadAll(text)) {
    if (!node.IsNull()) out.push_back(to_json(node));
  }
  return out;
}

}  // namespace portreeve::substrate
