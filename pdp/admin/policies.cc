// `/v1/policies`: revisions, their files, and in which files two of them differ.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/text.h"
#include "pdp/admin/digest.h"
#include "pdp/admin/endpoints.h"

namespace portreeve::pdp {
namespace {

tl::unexpected<HttpResponse> unstored() { return refuse(404, "not-found", "no revision of that name is stored"); }

Step<std::string> revision_parameter(const AdminCall& call, std::string_view name) {
  const auto given = call.query.find(name);
  if (given == call.query.end() || !is_revision(given->second)) {
    return refuse(400, "bad-request", fmt::format("`{}` is a revision, `sha256:` and 64 digits", name), name);
  }
  return given->second;
}

Step<std::vector<wire::PolicyFile>> files_of(const AdminContext& context, const std::string& revision) {
  if (!is_revision(revision)) return unstored();
  auto files = context.parts.revisions.read(revision);
  if (!files) return unstored();
  return *std::move(files);
}

Step<AdminResponse> list(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  const auto activations = context.parts.revisions.activations();
  if (!activations) return refuse(503, "state-unavailable", activations.error().message);
  const auto snapshot = context.parts.snapshots.load();
  const std::string active = snapshot == nullptr ? "" : snapshot->revision();
  std::vector<std::pair<std::string, JsonValue::Array>> revisions;  // the last activated first
  for (auto at = activations->rbegin(); at != activations->rend(); ++at) {
    auto known_revision = std::ranges::find(revisions, at->revision, &std::pair<std::string, JsonValue::Array>::first);
    if (known_revision == revisions.end()) known_revision = revisions.insert(revisions.end(), {at->revision, {}});
    known_revision->second.emplace_back(to_rfc3339_millis(at->time));
  }
  JsonValue::Array out;
  for (auto& [revision, times] : revisions) {
    out.push_back(
        JsonValue::Object{{"activations", std::move(times)}, {"active", revision == active}, {"revision", revision}});
  }
  JsonValue body = JsonValue::Object{{"revisions", std::move(out)}};
  if (!active.empty()) body.set("active", active);
  return json_answer(body);
}

template <class Documents>
void add_documents(std::string_view kind, const Documents& documents, JsonValue::Array& out) {
  for (const model::Document& document : documents) {
    out.push_back(JsonValue::Object{{"file", document.place.file},
                                    {"kind", kind},
                                    {"line", static_cast<std::int64_t>(document.place.line)},
                                    {"name", document.name}});
  }
}

JsonValue::Array documents_of(const model::PolicySet& set) {
  JsonValue::Array out;
  add_documents("IdentityProvider", set.identity_providers, out);
  add_documents("Role", set.roles, out);
  add_documents("RoleBinding", set.role_bindings, out);
  add_documents("RoleConstraint", set.role_constraints, out);
  add_documents("List", set.lists, out);
  add_documents("Entities", set.entities, out);
  add_documents("InternalService", set.internal_services, out);
  add_documents("EgressPolicy", set.egress_policies, out);
  add_documents("Secret", set.secrets, out);
  add_documents("SecretPolicy", set.secret_policies, out);
  add_documents("ExecutionPolicy", set.execution_policies, out);
  add_documents("AccessPolicy", set.access_policies, out);
  add_documents("PolicyTest", set.policy_tests, out);
  return out;
}

Step<AdminResponse> show(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  const std::string& revision = call.path.front();
  STEP(const auto files, files_of(context, revision));
  JsonValue::Array out;
  for (const wire::PolicyFile& file : files) {
    out.push_back(JsonValue::Object{
        {"path", file.path}, {"sha256", hex_encode(sha256(file.bytes))}, {"text", to_well_formed_utf8(file.bytes)}});
  }
  // A revision that no longer loads is shown all the same, without the list of its documents.
  const auto loaded = context.policies.find(revision);
  JsonValue::Array documents;
  if (loaded) documents = documents_of((*loaded)->snapshot->documents());
  return json_answer(
      JsonValue::Object{{"documents", std::move(documents)}, {"files", std::move(out)}, {"revision", revision}});
}

Step<AdminResponse> compare(const AdminContext& context, const AdminCall& call) {
  constexpr std::string_view kOwn[] = {"from", "to"};
  STEP([[maybe_unused]] const bool known, only_parameters(call, kOwn));
  STEP(const std::string from, revision_parameter(call, "from"));
  STEP(const std::string to, revision_parameter(call, "to"));
  STEP(const auto before, files_of(context, from));
  STEP(const auto after, files_of(context, to));
  std::map<std::string_view, std::pair<const std::string*, const std::string*>> sides;
  for (const wire::PolicyFile& file : before) sides[file.path].first = &file.bytes;
  for (const wire::PolicyFile& file : after) sides[file.path].second = &file.bytes;
  JsonValue::Array files;
  for (const auto& [path, side] : sides) {
    const auto& [was, is] = side;
    if (was != nullptr && is != nullptr && *was == *is) continue;
    JsonValue file = JsonValue::Object{{"change", was == nullptr  ? "added"
                                                  : is == nullptr ? "removed"
                                                                  : "changed"},
                                       {"path", path}};
    if (was != nullptr) file.set("before", to_well_formed_utf8(*was));
    if (is != nullptr) file.set("after", to_well_formed_utf8(*is));
    files.push_back(std::move(file));
  }
  return json_answer(JsonValue::Object{{"files", std::move(files)}, {"from", from}, {"to", to}});
}

}  // namespace

std::vector<AdminRoute> policy_routes() {
  using For = AdminRoute::For;
  const std::vector<Wish> reading{{"read", "policy"}};
  return {
      {"GET", "/v1/policies/revisions", For::visitors, reading, list},
      {"GET", "/v1/policies/revisions/{revision}", For::visitors, reading, show},
      {"GET", "/v1/policies/difference", For::visitors, reading, compare},
  };
}

}  // namespace portreeve::pdp
