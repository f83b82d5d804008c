#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/reader/batch_reader.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

HttpResponse bad_request(const reader::Problem& problem) {
  return problem_response(400, "bad-request", problem.message, problem.field);
}

HttpResponse domain_not_allowed(std::string_view action) {
  return problem_response(403, "domain-not-allowed",
                          fmt::format("this gate's credential does not cover `{}`", printable(action)), "/action/name");
}

HttpResponse session_not_allowed() {
  return problem_response(403, "session-not-allowed", "a supervisor asks about its own session", "/subject/id");
}

// Whether the gate may ask the question; else the answer that says why not.
std::optional<HttpResponse> refusal(const Caller& caller, const reader::Question& question) {
  if (!DecisionService::may_ask(caller, question.request.action)) return domain_not_allowed(question.request.action);
  if (!DecisionService::may_ask_for(caller, question.subject)) return session_not_allowed();
  return std::nullopt;
}

void append_strings(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, values[i]);
  }
  out += ']';
}

std::string error_answer(const reader::Problem& problem) {
  std::string out = R"({"decision":false,"context":{"reason":"bad-request","error":{"status":400,"message":)";
  append_json_string(out, problem.message);
  out += R"(,"field":)";
  append_json_string(out, problem.field);
  out += "}}}";
  return out;
}

// The answers in the order of the items; `judged` holds one for each well-formed item, as far as the batch went.
std::string batch_answer(const std::vector<std::optional<reader::Problem>>& items,
                         const std::vector<RecordedAnswer>& judged) {
  std::string out = R"({"evaluations":[)";
  std::size_t next = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i] && next == judged.size()) break;
    if (i != 0) out += ',';
    out += items[i] ? error_answer(*items[i]) : to_json(judged[next++]);
  }
  return out + "]}";
}

}  // namespace

std::string to_json(const RecordedAnswer& answer) {
  const wire::DecisionRecord& record = answer.recorded.record();
  std::string out = record.decision ? R"({"decision":true,"context":{"id":)" : R"({"decision":false,"context":{"id":)";
  append_json_string(out, record.id);
  out += R"(,"reason":)";
  append_json_string(out, record.reason);
  if (!record.rule_reason.empty()) {
    out += R"(,"ruleReason":)";
    append_json_string(out, record.rule_reason);
  }
  out += R"(,"rules":)";
  append_strings(out, record.rules);
  out += R"(,"revision":)";
  append_json_string(out, record.revision);
  if (!record.obligations.is_null()) out += R"(,"obligations":)" + to_canonical_json(record.obligations);
  if (record.dry_run) {
    out += fmt::format(R"(,"dryRun":{{"decision":{},"rules":)", record.dry_run->decision);
    append_strings(out, record.dry_run->rules);
    out += '}';
  }
  if (answer.session != nullptr) {
    out += R"(,"session":{"id":)";
    append_json_string(out, answer.session->id);
    out += R"(,"subject":)";
    append_json_string(out, answer.session->subject_id);
    if (answer.session->tenant) {
      out += R"(,"tenant":)";
      append_json_string(out, *answer.session->tenant);
    }
    out += '}';
  }
  out += fmt::format(R"(,"cacheFor":{},"event":{}}}}})", answer.cache_for.count(), record.revocation_event);
  return out;
}

void answer_evaluation(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  auto body = read_json_body(request);
  if (!body) return responder.respond(std::move(body).error());
  auto question = reader::read_question(*body);
  if (!question) return responder.respond(bad_request(question.error()));
  if (auto refused = refusal(caller, *question)) return responder.respond(*std::move(refused));
  Evaluation evaluation;
  evaluation.questions.push_back(*std::move(question));
  evaluation.caller = caller;
  evaluation.trace = trace_id(request);
  auto shared = std::make_shared<Responder>(std::move(responder));
  parts.service.evaluate(std::move(evaluation), [shared](auto answers) {
    if (!answers) return shared->respond(failure_response(answers.error()));
    shared->respond(json_response(200, to_json(answers->front())));
  });
}

void answer_evaluations(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  auto body = read_json_body(request);
  if (!body) return responder.respond(std::move(body).error());
  auto batch = reader::read_batch(*body);
  if (!batch) return responder.respond(bad_request(batch.error()));
  if (!*batch) return answer_evaluation(parts, caller, std::move(request), std::move(responder));

  Evaluation evaluation;
  evaluation.semantic = (*batch)->semantic;
  evaluation.caller = caller;
  evaluation.trace = trace_id(request);
  std::vector<std::optional<reader::Problem>> items;
  for (reader::BatchItem& item : (*batch)->items) {
    if (!item) {
      items.emplace_back(std::move(item).error());
      continue;
    }
    if (auto refused = refusal(caller, *item)) return responder.respond(*std::move(refused));
    items.emplace_back(std::nullopt);
    evaluation.questions.push_back(*std::move(item));
  }
  if (evaluation.questions.empty()) return responder.respond(json_response(200, batch_answer(items, {})));
  auto shared = std::make_shared<Responder>(std::move(responder));
  parts.service.evaluate(std::move(evaluation), [shared, items = std::move(items)](auto answers) {
    if (!answers) return shared->respond(failure_response(answers.error()));
    shared->respond(json_response(200, batch_answer(items, *answers)));
  });
}

HttpResponse authzen_configuration(const ApiParts& parts) {
  JsonValue document{JsonValue::Object{}};
  document.set("policy_decision_point", parts.public_url);
  document.set("access_evaluation_endpoint", parts.public_url + "/access/v1/evaluation");
  document.set("access_evaluations_endpoint", parts.public_url + "/access/v1/evaluations");
  return json_response(200, to_canonical_json(document));
}

}  // namespace portreeve::pdp
