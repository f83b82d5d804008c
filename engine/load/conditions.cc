#include "engine/load/conditions.h"

#include <fmt/format.h>

#include "engine/base/text.h"
#include "engine/cel/policy_environment.h"
#include "engine/load/scalars.h"
#include "engine/load/zones.h"

namespace portreeve::load {
Conditions::Conditions(Report& report, const LoadOptions& options)
    : report_(report), options_(options), environment_(cel::policy_environment()) {}

std::optional<model::Condition> Conditions::read(const Node& node) {
  if (node.kind == Node::Kind::plain && is_boolean(node.text)) {
    report_.error(node.at, fmt::format("`when: {}` is no condition", node.text),
                  node.text == "true" ? "leave `when` out: the rule then always holds"
                                      : "remove the rule, or write `enforce: false` for a dry run");
    return std::nullopt;
  }
  auto& program = programs_[std::string(node.text)];
  if (program == nullptr) {
    cel::CompileOptions options;
    options.zones = [this](std::string_view name) { return find_zone(name); };
    cel::Compiled compiled = cel::compile(node.text, environment_, options);
    for (cel::CompileError& fault : compiled.errors) {
      report_.error(place_within(node, fault.offset, report_.bytes(node.at.file)), std::move(fault.message),
                    std::move(fault.help));
    }
    if (compiled.program == nullptr) return std::nullopt;
    program = std::move(compiled.program);
    for (const std::string& zone : program->zones()) used_zones_.emplace(zone, true);
  }
  return model::Condition{std::string(node.text), report_.place(node.at), program};
}

Result<std::shared_ptr<const cel::Zone>> Conditions::find_zone(std::string_view name) {
  if (const auto known = known_zones_.find(name); known != known_zones_.end()) return known->second.zone;
  TRY_ASSIGN(ReadZone read, read_zone(options_.zoneinfo, name));
  known_zones_.emplace(std::string(name), KnownZone{read.zone, std::move(read.sha256_hex)});
  return std::move(read.zone);
}

std::vector<ZoneDigest> Conditions::zones() const {
  std::vector<ZoneDigest> out;
  for (const auto& [name, used] : used_zones_) {
    const auto known = known_zones_.find(name);
    if (known != known_zones_.end()) out.push_back({name, known->second.sha256_hex});
  }
  return out;
}

}  // namespace portreeve::load
