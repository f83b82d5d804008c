// The ledger: every event as it was sent, and each call once. SQLite inside.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "accounting/ledger/call.h"
#include "accounting/price/price_book.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::accounting {

// What became of the events of a posting.
struct PostCounts {
  std::int64_t counted = 0;     // new, and part of a call now
  std::int64_t duplicates = 0;  // had been there
  std::int64_t disputed = 0;    // contradict what had been there; kept beside it
};

// The one writer of a database. One thread at a time; any number of LedgerReader beside it.
class Ledger {
 public:
  // Opens or makes the database (mode 0600) at `path`. Fails on one of a later version.
  static Result<std::unique_ptr<Ledger>> open(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // The prices of what is posted from now on. Stores the book under its digest, and rates anew what was unpriced; what
  // was priced keeps its charge. Returns how many calls have a price now.
  Result<std::int64_t> set_prices(PriceBook book);

  // Posts events in one transaction, durable on return; an event that is there already changes nothing. On failure none
  // is posted. `now`: when they were received.
  Result<PostCounts> post(std::span<const Posting> postings, Timestamp now);

 private:
  class Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::accounting
