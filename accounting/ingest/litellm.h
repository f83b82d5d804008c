// LiteLLM's callback (`StandardLoggingPayload`): `POST /v1/litellm`.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "accounting/ingest/usage_batch.h"
#include "accounting/ledger/call.h"

namespace portreeve::accounting {

struct LiteLlmBatch {
  std::vector<Posting> postings;
  // Payloads that say too little; the others are posted all the same, since LiteLLM throws a refused batch away.
  std::vector<BodyProblem> refused;
};

// Reads one payload, an array of them, or one a line (NDJSON): at most limits::kLiteLlmBytes. Read by the payload's
// type definition (litellm/types/utils.py); members that are not used are ignored, prompts and answers among them, and
// are never stored. Escapes that are no text (U+0000, lone surrogates), which a prompt may bring about, are mended, so
// that no prompt can have its usage refused. The token counts are OpenAI's: parts are taken out of their totals. A
// cache hit of LiteLLM is a call that used nothing. Any thread.
tl::expected<LiteLlmBatch, BodyProblem> read_litellm(std::string_view body);

}  // namespace portreeve::accounting
