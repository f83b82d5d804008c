#include "tools/portreeve/policy_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kMostShownLine = 160;

std::string with_slash(std::string folder) { return folder.ends_with('/') ? folder : folder + "/"; }

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

Result<std::vector<wire::PolicyFile>> read_together(const std::vector<std::string>& paths) {
  std::vector<wire::PolicyFile> files;
  for (const std::string& path : paths) {
    if (!is_folder(path)) {
      TRY_ASSIGN(std::string bytes, read_input(path, limits::kPolicyFileBytes));
      files.push_back({path, std::move(bytes)});
      continue;
    }
    TRY_ASSIGN(auto below, load::read_folder(path));
    for (wire::PolicyFile& file : below) files.push_back({with_slash(path) + file.path, std::move(file.bytes)});
  }
  std::ranges::sort(files, {}, &wire::PolicyFile::path);
  const auto twice = std::ranges::unique(files, {}, &wire::PolicyFile::path);
  files.erase(twice.begin(), twice.end());
  return files;
}

// The line of the file, without its end; empty where there is none.
std::string_view line_of(const std::vector<wire::PolicyFile>& files, const SourcePlace& place) {
  const auto file = std::ranges::find(files, place.file, &wire::PolicyFile::path);
  if (file == files.end() || place.line == 0) return {};
  std::string_view rest = file->bytes;
  for (std::uint32_t line = 1; line < place.line; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

void print_source(const LoadedPolicies& policies, const SourcePlace& place, Stream& stream) {
  const std::string_view line = line_of(policies.files, place);
  if (line.empty() || place.column == 0 || place.column > line.size() + 1) return;
  const std::string before = printable(line.substr(0, place.column - 1), kMostShownLine);
  if (display_width(before) >= stream.width().value_or(kMostShownLine)) return;
  const std::string shown = before + printable(line.substr(place.column - 1), kMostShownLine);
  stream.write("  " + cut_to_width(shown, stream.width().value_or(kMostShownLine) - 2) + "\n");
  stream.write("  " + std::string(display_width(before), ' ') + stream.coloured(Colour::green, "^") + "\n");
}

template <class Policies>
void add_places(std::map<std::string, SourcePlace, std::less<>>& places, const Policies& policies) {
  for (const auto& policy : policies) {
    for (const auto& rule : policy.rules) places.emplace(policy.name + "/" + rule.id, rule.place);
  }
}

}  // namespace

std::size_t LoadedPolicies::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(result.diagnostics, severity, &Diagnostic::severity));
}

SourcePlace LoadedPolicies::shown(const SourcePlace& place) const {
  return {printable(prefix + place.file), place.line, place.column};
}

Result<LoadedPolicies> load_policies(const std::vector<std::string>& paths) {
  LoadedPolicies policies;
  if (paths.size() == 1 && is_folder(paths[0])) {
    policies.prefix = paths[0] == "." ? std::string() : with_slash(paths[0]);
    TRY_ASSIGN(policies.files, load::read_folder(paths[0]));
  } else {
    TRY_ASSIGN(policies.files, read_together(paths));
  }
  policies.result = load::load(policies.files);
  return policies;
}

std::string problems(const LoadedPolicies& policies) {
  const std::size_t errors = policies.count(Severity::error);
  const std::size_t warnings = policies.count(Severity::warning);
  std::string out = errors == 0 ? std::string() : count_of(errors, "error");
  if (warnings != 0) out += (out.empty() ? "" : ", ") + count_of(warnings, "warning");
  return out;
}

void print_diagnostics(const LoadedPolicies& policies, Stream& stream) {
  for (const Diagnostic& diagnostic : policies.result.diagnostics) {
    Diagnostic shown = diagnostic;
    shown.place = policies.shown(diagnostic.place);
    const std::string text = to_text(shown);
    stream.write(stream.coloured(diagnostic.severity == Severity::error ? Colour::red : Colour::yellow, text) + "\n");
    if (stream.is_terminal()) print_source(policies, diagnostic.place, stream);
  }
}

JsonValue diagnostics_to_json(const LoadedPolicies& policies) {
  JsonValue::Array out;
  for (const Diagnostic& diagnostic : policies.result.diagnostics) {
    const SourcePlace place = policies.shown(diagnostic.place);
    JsonValue entry{JsonValue::Object{}};
    entry.set("severity", diagnostic.severity == Severity::error ? "error" : "warning");
    entry.set("file", place.file);
    entry.set("line", std::int64_t{place.line});
    entry.set("column", std::int64_t{place.column});
    entry.set("message", diagnostic.message);
    if (!diagnostic.help.empty()) entry.set("help", diagnostic.help);
    out.push_back(std::move(entry));
  }
  return out;
}

std::size_t document_count(const model::PolicySet& set) {
  return set.identity_providers.size() + set.roles.size() + set.role_bindings.size() + set.role_constraints.size() +
         set.lists.size() + set.entities.size() + set.internal_services.size() + set.egress_policies.size() +
         set.secrets.size() + set.secret_policies.size() + set.execution_policies.size() + set.access_policies.size() +
         set.policy_tests.size();
}

std::map<std::string, SourcePlace, std::less<>> rule_places(const model::PolicySet& set) {
  std::map<std::string, SourcePlace, std::less<>> places;
  add_places(places, set.egress_policies);
  add_places(places, set.secret_policies);
  add_places(places, set.execution_policies);
  add_places(places, set.access_policies);
  return places;
}

}  // namespace portreeve::cli
