// From an AuthZEN Access Evaluations request (OpenID AuthZEN Authorization API 1.0 §7.1) to typed questions.
#pragma once

#include <cstdint>
#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/reader/request_reader.h"

namespace portreeve::reader {

// Where a batch ends (AuthZEN 1.0 §7.1.2).
enum class BatchSemantic : std::uint8_t { execute_all, deny_on_first_deny, permit_on_first_permit };

// One place in a batch: a question to judge, or what is wrong with it; `field` points from the body's root.
using BatchItem = tl::expected<Question, Problem>;

// Requires: `items` is not empty; all are questions unless `semantic` is execute_all.
struct Batch {
  BatchSemantic semantic = BatchSemantic::execute_all;
  std::vector<BatchItem> items;
};

// Reads the body of many evaluations, already parsed. What the caller did not say of one evaluation it said for all.
// Nothing where it holds none of its own and is read as one evaluation (§7.1). Fails as a whole for an unknown
// semantic, more than limits::kBatchEvaluations, an item that is no object, and, where a batch may end early, for any
// item that cannot be read: which items it would have come to is not known without their answers. Any thread; O(size ×
// items).
tl::expected<std::optional<Batch>, Problem> read_batch(const JsonValue& body);

}  // namespace portreeve::reader
