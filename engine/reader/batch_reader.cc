#include "engine/reader/batch_reader.h"

#include <fmt/format.h>

#include "engine/base/limits.h"

namespace portreeve::reader {
namespace {

tl::unexpected<Problem> problem(std::string field, std::string message) {
  return tl::unexpected<Problem>(Problem{std::move(field), std::move(message)});
}

JsonValue with_defaults(const JsonValue& evaluation, const JsonValue& body) {
  JsonValue out = evaluation;
  for (const std::string_view key : {"subject", "action", "resource", "context"}) {
    const JsonValue* fallback = body.find(key);
    if (evaluation.find(key) == nullptr && fallback != nullptr) out.set(key, *fallback);
  }
  return out;
}

tl::expected<BatchSemantic, Problem> read_semantic(const JsonValue& body) {
  const JsonValue* options = body.find("options");
  if (options != nullptr && options->as_object() == nullptr) return problem("/options", "`options` is an object");
  const JsonValue* semantic = options == nullptr ? nullptr : options->find("evaluations_semantic");
  if (semantic == nullptr) return BatchSemantic::execute_all;
  if (const std::string* text = semantic->as_string()) {
    if (*text == "execute_all") return BatchSemantic::execute_all;
    if (*text == "deny_on_first_deny") return BatchSemantic::deny_on_first_deny;
    if (*text == "permit_on_first_permit") return BatchSemantic::permit_on_first_permit;
  }
  return problem("/options/evaluations_semantic",
                 "one of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`");
}

}  // namespace

tl::expected<std::optional<Batch>, Problem> read_batch(const JsonValue& body) {
  const JsonValue* list = body.find("evaluations");
  if (list == nullptr) return std::nullopt;
  const JsonValue::Array* evaluations = list->as_array();
  if (evaluations != nullptr && evaluations->empty()) return std::nullopt;
  if (evaluations == nullptr || evaluations->size() > limits::kBatchEvaluations) {
    return problem("/evaluations", fmt::format("a list of at most {} evaluations", limits::kBatchEvaluations));
  }
  const auto semantic = read_semantic(body);
  if (!semantic) return tl::unexpected<Problem>(semantic.error());

  Batch batch{*semantic, {}};
  for (std::size_t i = 0; i < evaluations->size(); ++i) {
    const JsonValue& item = (*evaluations)[i];
    const std::string pointer = fmt::format("/evaluations/{}", i);
    if (item.as_object() == nullptr) return problem(pointer, "an evaluation is an object");
    auto question = read_question(with_defaults(item, body));
    if (!question) {
      question.error().field.insert(0, pointer);
      if (batch.semantic != BatchSemantic::execute_all) return tl::unexpected<Problem>(std::move(question).error());
    }
    batch.items.push_back(std::move(question));
  }
  return batch;
}

}  // namespace portreeve::reader
