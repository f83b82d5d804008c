// Bodies of many evaluations: each item is what it would be alone, with what was said for all.
#include <fmt/format.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/batch_reader.h"
#include "engine/reader/json_reader.h"
#include "tests/fuzz/input.h"

namespace {

using namespace portreeve;

// The item with everything in one place: a body of one evaluation.
JsonValue alone(const JsonValue& body, const JsonValue& item) {
  JsonValue out = item;
  for (const char* key : {"subject", "action", "resource", "context"}) {
    if (item.find(key) == nullptr && body.find(key) != nullptr) out.set(key, *body.find(key));
  }
  return out;
}

void check_item(const reader::BatchItem& item, const JsonValue& body, std::size_t index) {
  const auto one = reader::read_question(alone(body, (*body.find("evaluations")->as_array())[index]));
  CHECK(one.has_value() == item.has_value());
  if (!item) {
    CHECK(item.error().message == one.error().message);
    CHECK(item.error().field == fmt::format("/evaluations/{}{}", index, one.error().field));
    return;
  }
  CHECK(item->request.resource_id == one->request.resource_id);
  CHECK(item->request.resource_properties == one->request.resource_properties);
  CHECK(item->request.context == one->request.context);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = reader::parse_json(as_text(data, size));
  if (!body) return 0;
  const auto batch = reader::read_batch(*body);
  if (!batch) {
    CHECK(!batch.error().message.empty() && is_valid_utf8(batch.error().message));
    CHECK(batch.error().field.starts_with("/evaluations") || batch.error().field.starts_with("/options"));
    return 0;
  }
  if (!*batch) return 0;
  const std::vector<reader::BatchItem>& items = (*batch)->items;
  CHECK(!items.empty() && items.size() == body->find("evaluations")->as_array()->size());
  CHECK(items.size() <= limits::kBatchEvaluations);
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(items[i] || (*batch)->semantic == reader::BatchSemantic::execute_all);
    check_item(items[i], *body, i);
  }
  return 0;
}
