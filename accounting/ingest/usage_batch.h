// What a gate ships: `POST /v1/usage`.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "accounting/ledger/call.h"

namespace portreeve::accounting {

// Why a body is refused; HTTP answers it with 400.
struct BodyProblem {
  std::string field;    // JSON pointer (RFC 6901) to what is wrong; empty where the text is no JSON
  std::string message;  // for people
  friend bool operator==(const BodyProblem&, const BodyProblem&) = default;
};

struct UsageBatch {
  std::string gate;
  std::string boot;
  std::vector<Posting> postings;
  std::int64_t last_seq = 0;
};

// Reads `{"gate","boot","events":[…]}`: at most limits::kUsageBatchBytes and kUsageBatchEvents, at least one event,
// `seq` rising, each key of that boot. Any thread.
tl::expected<UsageBatch, BodyProblem> read_usage_batch(std::string_view body);

}  // namespace portreeve::accounting
