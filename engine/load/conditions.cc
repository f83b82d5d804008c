#include "engine/load/conditions.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/cel/policy_environment.h"
#include "engine/load/files.h"
#include "engine/load/revision.h"
#include "engine/load/scalars.h"

namespace portreeve::load {
namespace {

// TZif files of the database are under 4 KiB; an old "fat" one, under 8 KiB.
constexpr std::size_t kMostZoneBytes = 64u << 10;

// `Europe/Berlin`, `Etc/GMT+1`: never a path out of the folder.
bool is_zone_name(std::string_view name) {
  const auto is_letter = [](char c) { return (to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z'); };
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) && name.find("//") == std::string_view::npos &&
         name.back() != '/' && std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
         });
}

}  // namespace

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
  const auto unknown = [&] {
    return fail(fmt::format("unknown time zone `{}`; write a name like `Europe/Berlin`", printable(name)));
  };
  if (!is_zone_name(name)) return unknown();
  const auto bytes = read_file(fmt::format("{}/{}", options_.zoneinfo, name), kMostZoneBytes);
  if (!bytes) return unknown();
  auto zone = cel::Zone::parse_tzif(std::as_bytes(std::span(bytes->data(), bytes->size())));
  if (!zone) return fail(fmt::format("time zone `{}` cannot be read: {}", name, zone.error().message));
  auto shared = std::make_shared<const cel::Zone>(*std::move(zone));
  known_zones_.emplace(std::string(name), KnownZone{shared, sha256_hex(*bytes)});
  return shared;
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
