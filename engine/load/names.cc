#include "engine/load/names.h"

#include <fmt/format.h>

#include "engine/base/text.h"

namespace portreeve::load {
namespace {

template <class Table>
std::optional<At> declare_in(Table& table, std::string_view name, At at) {
  const auto [place, added] = table.emplace(std::string(name), at);
  if (added) return std::nullopt;
  return place->second;
}

// What there is to choose from, where that fits a line.
std::string declared(std::string_view what, const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 6;
  if (names.empty()) return fmt::format("no {} is declared", what);
  if (names.size() > kMost) return fmt::format("none of the {} that are declared has a name like it", names.size());
  std::string out;
  for (const std::string_view name : names) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", name);
  return (names.size() == 1 ? "the only one declared is " : "declared are ") + out;
}

template <class Table>
void report_unknown(const Table& table, std::string_view what, std::string_view name, At at, Report& report) {
  std::string help;
  if (!report.is_full()) {
    std::vector<std::string_view> candidates;
    candidates.reserve(table.size());
    for (const auto& [known, place] : table) candidates.push_back(known);
    help = suggestion(name, candidates, declared(what, candidates));
  }
  report.error(at, fmt::format("unknown {} `{}`", what, printable(name)), std::move(help));
}

}  // namespace

std::string_view noun(Kind kind) {
  switch (kind) {
    case Kind::identity_provider:
      return "identity provider";
    case Kind::role:
      return "role";
    case Kind::role_binding:
      return "role binding";
    case Kind::role_constraint:
      return "role constraint";
    case Kind::list:
      return "list";
    case Kind::entities:
      return "entities";
    case Kind::internal_service:
      return "internal service";
    case Kind::secret:
      return "secret";
    case Kind::egress_policy:
    case Kind::secret_policy:
    case Kind::execution_policy:
    case Kind::access_policy:
      return "policy";
    case Kind::policy_test:
      return "policy test";
  }
  return "";
}

std::optional<At> Names::declare(Kind kind, std::string_view name, At at) {
  return declare_in(tables_[static_cast<std::size_t>(kind)], name, at);
}

std::optional<At> Names::declare_rule(std::string_view name, At at) { return declare_in(rules_, name, at); }

bool Names::has(Kind kind, std::string_view name) const { return of(kind).contains(name); }

bool Names::check(Kind kind, std::string_view name, At at, Report& report) const {
  if (has(kind, name)) return true;
  if (complete_) report_unknown(of(kind), noun(kind), name, at, report);
  return false;
}

bool Names::check_rule(std::string_view name, At at, Report& report) const {
  if (rules_.contains(name)) return true;
  if (complete_) report_unknown(rules_, "rule", name, at, report);
  return false;
}

}  // namespace portreeve::load
