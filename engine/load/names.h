// What a policy set declares, by name: what references are checked against.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/load/report.h"
#include "engine/load/schema.h"
#include "engine/load/yaml_tree.h"
#include "engine/model/source.h"

namespace portreeve::load {

class Names {
 public:
  // The place of the document that has the name already, or nullopt where it is now declared.
  std::optional<At> declare(Kind kind, std::string_view name, At at);
  // As declare, for `policy/rule`.
  std::optional<At> declare_rule(std::string_view name, At at);

  bool has(Kind kind, std::string_view name) const;
  std::size_t count(Kind kind) const { return of(kind).size(); }
  // The only document of the kind. Requires: count(kind) == 1.
  std::string_view only(Kind kind) const { return of(kind).begin()->first; }

  // Some document could not be read so far as its name: what is unknown may be declared there, and is not complained
  // of.
  void set_incomplete() { complete_ = false; }

  // Reports a name that no document (no rule) has, at `at`.
  bool check(Kind kind, std::string_view name, At at, Report& report) const;
  bool check_rule(std::string_view name, At at, Report& report) const;

 private:
  using Table = std::map<std::string, At, std::less<>>;
  const Table& of(Kind kind) const { return tables_[static_cast<std::size_t>(kind)]; }

  std::array<Table, kKinds> tables_;
  Table rules_;
  bool complete_ = true;
};

// `role`, `secret`, …: what a message calls a document of the kind.
std::string_view noun(Kind kind);

}  // namespace portreeve::load
