#include "engine/analyze/replay.h"

#include "engine/reader/request_reader.h"

namespace portreeve::analyze {
namespace {

// The question as a gate would ask it. A record keeps an interpreter's path only.
JsonValue question_body(const wire::DecisionRecord& record) {
  JsonValue resource = JsonValue::Object{{"id", record.resource.id}, {"type", record.resource.type}};
  if (record.resource.properties.as_object() != nullptr) {
    JsonValue properties = record.resource.properties;
    if (const JsonValue* const interpreter = properties.find("interpreter")) {
      properties.set("interpreter", JsonValue::Object{{"path", *interpreter}});
    }
    resource.set("properties", std::move(properties));
  }
  return JsonValue::Object{
      {"action", JsonValue::Object{{"name", record.action}}},
      {"resource", std::move(resource)},
      {"subject", JsonValue::Object{{"id", record.subject.id}, {"type", record.subject.type}}},
  };
}

// Why the subject was not accepted, where it was not.
std::optional<wire::Reason> identity_failure(const wire::DecisionRecord& record) {
  const auto reason = wire::reason_from_code(record.reason);
  return reason && *reason <= wire::Reason::tenant_mismatch ? reason : std::nullopt;
}

}  // namespace

wire::Principal recorded_principal(const wire::DecisionRecord& record, const std::optional<wire::Principal>& session) {
  if (session && !identity_failure(record)) {
    wire::Principal principal = *session;
    if (principal.session && principal.session->roles) principal.session->roles = record.roles;
    return principal;
  }
  wire::Principal principal;
  principal.assurance = wire::Assurance::asserted;
  principal.type = record.subject.type;
  principal.id = record.subject.id;
  if (principal.type == "user") principal.provider = principal.id.substr(0, principal.id.find('/'));
  return principal;
}

Result<wire::Request> recorded_question(const wire::DecisionRecord& record, wire::Principal principal) {
  auto question = reader::read_question(question_body(record));
  if (!question) return fail("the record does not hold the whole question: " + question.error().message);
  wire::Request& request = question->request;
  request.principal = std::move(principal);
  request.time = record.time;
  request.identity_failure = identity_failure(record);
  return std::move(request);
}

bool same_answer(const wire::DecisionRecord& record, const wire::Decision& decision) {
  return record.decision == decision.allowed && record.reason == wire::code(decision.reason) &&
         record.rules == decision.rules;
}

std::string_view what_records_leave_out() {
  return "what the record leaves out decided: arguments, environment, context, properties, claims of that moment";
}

}  // namespace portreeve::analyze
