// A configuration file as flat settings: the one place that knows YAML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"

namespace portreeve::daemon {

// One leaf of the file: `log: { level: debug }` is {"log.level", {"debug"}}.
struct Setting {
  std::string name;
  std::vector<std::string> values;
  bool is_list = false;
  SourcePlace place;  // of the key
};

struct SettingsFile {
  std::vector<Setting> settings;
  std::vector<Diagnostic> errors;
};

// Parses `text`, which came from `file`: one YAML document, a mapping of mappings, scalars and lists of scalars.
// Duplicate keys, empty values and lists, anchors, aliases and tags are errors; all of them are found. Never throws.
SettingsFile parse_settings(std::string_view text, const std::string& file);

}  // namespace portreeve::daemon
