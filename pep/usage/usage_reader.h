// Reads what a call used out of the provider's answer, while it passes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/wire/usage_event.h"

namespace portreeve::pep {

// What is known of the answer before its body.
struct AnswerHead {
  wire::UsageApi api = wire::UsageApi::none;
  int status = 0;
  std::string_view content_type;  // as sent; `text/event-stream` is a stream
  std::size_t request_bytes = 0;  // of the request's body: what an estimate of the input goes by, where it must
};

// What an answer says of its usage.
struct UsageReading {
  wire::UsageCertainty certainty = wire::UsageCertainty::unknown;
  wire::UsageCounters counters;
  std::string model;  // the three are empty where the answer does not say
  std::string response_id;
  std::string service_tier;
  friend bool operator==(const UsageReading&, const UsageReading&) = default;
};

// Reads the body of one answer, in pieces of any size, with a bounded memory that does not grow with the body.
//
// Anthropic's counts are cumulative: the newest that is not null stands, nothing is added (message_start, then each
// message_delta). Cached input stands beside the input there; OpenAI's cached, audio and reasoning counts are parts of
// the totals and are taken out of them. A part larger than its total is cut to it, so that the sum is always the
// provider's. An explicit zero is a figure. Where a stream ends before its last figure, the reading is estimated: what
// was reported so far, and four bytes of text a token for the rest. An answer that is no JSON, lacks a usage or gives a
// field twice is unknown; an error's answer (status from 400 on) without usage used nothing. With UsageApi::none
// nothing is read, and nothing is there to count: reported, all zero. Source: docs/accounting.md. One thread at a time.
class UsageReader {
 public:
  explicit UsageReader(const AnswerHead& head);
  ~UsageReader();
  UsageReader(UsageReader&&) noexcept;
  UsageReader& operator=(UsageReader&&) noexcept;

  // The next bytes of the body, without transfer or content coding.
  void feed(std::string_view bytes);
  // True once nothing that could follow changes the figures: a gate whose client is gone reads on until then.
  bool complete() const;
  // What was read, the body being over (or cut off here). Changes nothing.
  UsageReading finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portreeve::pep
