#include "tools/substrate/headscale.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "engine/base/json_text.h"
#include "engine/base/json_value.h"
#include "engine/base/text.h"
#include "tools/substrate/kubernetes_names.h"
#include "tools/substrate/openings.h"

namespace portreeve::substrate {
namespace {

using Array = JsonValue::Array;

std::string ports_text(const std::vector<model::PortRange>& ports) {
  std::string out;
  for (const model::PortRange& range : ports) {
    out += fmt::format("{}{}", out.empty() ? "" : ",", range.first);
    if (range.last != range.first) out += fmt::format("-{}", range.last);
  }
  return out;
}

JsonValue accept(const std::string& from, const std::string& to, const std::vector<model::PortRange>& ports) {
  JsonValue rule{JsonValue::Object{}};
  rule.set("action", "accept");
  rule.set("proto", "tcp");
  rule.set("src", Array{from});
  rule.set("dst", Array{fmt::format("{}:{}", to, ports_text(ports))});
  return rule;
}

}  // namespace

Result<std::string> to_headscale(const model::PolicySet& set, const Deployment& deployment, std::string_view revision) {
  Array rules;
  std::set<std::string> tags;
  for (const ServiceOpening& opening : open_services(set)) {
    if (!opening.service->mesh_tag) continue;  // not on the mesh
    const std::string& tag = *opening.service->mesh_tag;
    const SourcePlace& place = opening.service->place;
    if (!is_mesh_tag(tag)) {
      return fail(fmt::format(
          "{}:{}:{}: the service `{}` has the mesh tag `{}`, which is none (`tag:` and letters, digits, `-`)",
          place.file, place.line, place.column, opening.service->name, printable(tag)));
    }
    if (!deployment.proxy || !deployment.proxy->mesh_tag) {
      return fail(fmt::format(
          "the service `{}` is on the mesh, and the deployment file states no `gates: {{ proxy: {{ tag: … }} }}`: "
          "who may reach it?",
          opening.service->name));
    }
    tags.insert(*deployment.proxy->mesh_tag);
    tags.insert(tag);
    rules.push_back(accept(*deployment.proxy->mesh_tag, tag, opening.ports));
  }
  JsonValue owners{JsonValue::Object{}};
  for (const std::string& tag : tags) owners.set(tag, Array{});  // given by the administrator alone
  JsonValue policy{JsonValue::Object{}};
  policy.set("acls", std::move(rules));
  policy.set("tagOwners", std::move(owners));
  std::string out;
  for (const std::string& line : origin_lines("headscale", revision)) out += fmt::format("// {}\n", line);
  return out + to_indented_json(policy);
}

}  // namespace portreeve::substrate
