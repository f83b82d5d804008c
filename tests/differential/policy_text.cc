#include "tests/differential/policy_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/base/json_value.h"
#include "engine/load/load.h"

namespace portreeve::differential {

std::string flow_list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ", ";
    append_json_string(text, item);
  }
  return "[" + text + "]";
}

std::string to_yaml(const PolicySetText& set) {
  std::string text;
  for (const DocumentText& document : set) {
    text += fmt::format("---\napiVersion: portreeve/v1\nkind: {}\nmetadata: {{ name: {} }}\n", document.kind,
                        document.name);
    if (document.lines.empty() && document.rules.empty()) {
      text += "spec: {}\n";
      continue;
    }
    text += "spec:\n";
    for (const std::string& line : document.lines) text += "  " + line + "\n";
    if (!document.rules.empty()) text += "  rules:\n";
    for (const std::string& rule : document.rules) text += "    - " + rule + "\n";
  }
  return text;
}

std::shared_ptr<const model::CheckedPolicySet> load_text(const PolicySetText& set, std::string* errors) {
  load::LoadResult loaded = load::load({{"generated.yaml", to_yaml(set)}});
  if (errors != nullptr) {
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) *errors += to_text(diagnostic) + "\n";
    }
  }
  return loaded.set;
}

}  // namespace portreeve::differential
