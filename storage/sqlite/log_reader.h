// The decision log as others read it: beside a live PDP, or where none runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "storage/log/record_filter.h"

namespace portreeve::storage {

// Reads a data folder without writing to it: the index, and behind it the journal's durable tail, so that a record
// shows as soon as it is answered for. Both are asked with the same statements. Moves to a new index by itself.
// One thread at a time. The tail is held in memory: at most kMostTail records of it.
class LogReader {
 public:
  static constexpr std::uint64_t kMostTail = 1'000'000;

  // Fails where `<data>/journal` is missing. A missing index only means that all is read from the journal.
  static Result<std::unique_ptr<LogReader>> open(std::string data);
  virtual ~LogReader() = default;

  virtual Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) = 0;
  virtual Result<std::optional<LoggedRecord>> find(std::string_view decision_id) = 0;
  // The gate that was given that decision.
  virtual Result<std::optional<std::string>> pep_of(std::string_view decision_id) = 0;
  // Waits at most `wait` until a durable record at or after `from` matches; looks every few milliseconds. A `from`
  // beyond the end is taken back to the end.
  virtual Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) = 0;
  // One past the last durable record.
  virtual Result<std::uint64_t> durable_end() = 0;
};

}  // namespace portreeve::storage
