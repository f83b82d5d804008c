// What a model API's request says of itself, and the little that is added to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pep {

struct ModelRequest {
  std::string model;
  bool stream = false;
  // Of `stream_options` (OpenAI): what it says of `include_usage`, and where the member stands.
  enum class IncludeUsage : std::uint8_t { absent, no, yes, unreadable };
  IncludeUsage include_usage = IncludeUsage::absent;
  std::size_t stream_options_member = 0;  // counted from 0; meaningless where absent
};

// Reads the body of a request to a model API: one JSON object, UTF-8, at most 128 deep, no key twice in an object,
// exactly one `model`, a string of 1 to 256 bytes, neither `models` nor `fallbacks` (SEMANTICS §12). Keys that differ
// from these in case alone are refused too, since some servers read them alike. The body is not kept. Costs one pass.
// The error is a sentence for the workload, and quotes nothing.
Result<ModelRequest> read_model_request(std::string_view body);

// The body with `stream_options.include_usage` true, so that the stream ends with its usage; the rest is as it was.
// Nothing where that is not to be had (`stream_options` is neither an object nor null). Requires: `request` was read
// from `body`, and its include_usage is not yes.
std::optional<std::string> with_usage_included(std::string_view body, const ModelRequest& request);

// Takes the extra chunk, with its usage and without choices, out of an OpenAI stream whose client did not ask for it.
// Events pass as soon as they are whole; one longer than limits::kUsageChunkBytes passes as it is. One thread.
class UsageChunkFilter {
 public:
  // Appends to `out` what passes.
  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  std::string event_;        // begun, not whole
  bool passing_ = false;     // an event too long to be looked into
  bool line_empty_ = false;  // nothing since the last line feed
};

}  // namespace portreeve::pep
