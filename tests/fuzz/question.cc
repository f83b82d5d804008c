// Evaluation bodies: what is accepted has one normal form, which is read again as itself.
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "engine/reader/request_reader.h"
#include "tests/fuzz/input.h"

namespace {

using namespace portreeve;

JsonValue named(std::string_view key, const std::string& name, const JsonValue& properties) {
  JsonValue out;
  out.set(key, name);
  if (!properties.is_null()) out.set("properties", properties);
  return out;
}

JsonValue body_of(const reader::Question& question) {
  JsonValue subject = named("id", question.subject.id, question.subject.properties);
  subject.set("type", question.subject.type);
  JsonValue resource = named("id", question.request.resource_id, question.request.resource_properties);
  resource.set("type", question.request.resource_type);
  JsonValue body;
  body.set("subject", std::move(subject));
  body.set("action", named("name", question.request.action, question.request.action_properties));
  body.set("resource", std::move(resource));
  if (!question.request.context.is_null()) body.set("context", question.request.context);
  return body;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = reader::parse_json(as_text(data, size));
  if (!body) return 0;
  const auto question = reader::read_question(*body);
  if (!question) {
    CHECK(!question.error().message.empty() && is_valid_utf8(question.error().message));
    CHECK(question.error().field.empty() || question.error().field.starts_with('/'));
    return 0;
  }
  CHECK(question->subject.properties.find("token") == nullptr);
  const JsonValue normal = body_of(*question);
  const auto again = reader::read_question(normal);
  CHECK(again.has_value());
  CHECK(body_of(*again) == normal);
  CHECK(again->request.source == question->request.source);
  CHECK(again->request.question.index() == question->request.question.index());
  return 0;
}
