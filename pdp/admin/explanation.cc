#include "pdp/admin/explanation.h"

#include "engine/analyze/replay.h"
#include "pdp/admin/authorizer.h"
#include "storage/sessions/principal.h"

namespace portreeve::pdp {
namespace {

Result<wire::Principal> principal_of(const wire::DecisionRecord& record, const Revocations& sessions) {
  if (!record.session.empty()) {
    const auto session = sessions.find(record.session);
    if (!session) return fail("its session is no longer stored");
    return analyze::recorded_principal(record, storage::principal_of(**session, (*session)->expires));
  }
  if (record.pep == kAdminPep) return fail("the claims that this person had at that moment are not kept");
  return analyze::recorded_principal(record, std::nullopt);
}

}  // namespace

Result<analyze::Explanation> explain_record(const wire::DecisionRecord& record, const PolicyRevision& revision,
                                            const Revocations& sessions) {
  TRY_ASSIGN(wire::Principal principal, principal_of(record, sessions));
  TRY_ASSIGN(const wire::Request request, analyze::recorded_question(record, std::move(principal)));
  return analyze::explain(*revision.snapshot, request, &revision.files);
}

JsonValue unexplained_roles(const std::vector<std::string>& roles) {
  JsonValue::Array out;
  for (const std::string& role : roles) {
    out.push_back(JsonValue::Object{{"bindings", JsonValue::Array{}}, {"role", role}, {"sources", JsonValue::Array{}}});
  }
  return out;
}

JsonValue to_json(const std::vector<PolicyExcerpt>& excerpts) {
  JsonValue::Array out;
  for (const PolicyExcerpt& excerpt : excerpts) {
    out.push_back(JsonValue::Object{{"file", excerpt.file},
                                    {"firstLine", static_cast<std::int64_t>(excerpt.first_line)},
                                    {"lastLine", static_cast<std::int64_t>(excerpt.last_line)},
                                    {"line", static_cast<std::int64_t>(excerpt.line)},
                                    {"rule", excerpt.rule},
                                    {"text", excerpt.text}});
  }
  return out;
}

}  // namespace portreeve::pdp
