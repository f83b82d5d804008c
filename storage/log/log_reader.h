// The decision log as others read it: beside a live PDP, or where none runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "storage/log/record_fields.h"
#include "storage/log/record_filter.h"

namespace portreeve::storage {

// The values of a field among some records, the most frequent first.
struct Facet {
  Field field;
  std::vector<std::pair<std::string, std::uint64_t>> values;
  bool more = false;  // there are others
};

struct TimeCount {
  Timestamp time;  // where the stretch begins
  std::uint64_t allowed = 0;
  std::uint64_t denied = 0;
  std::uint64_t other = 0;  // records that are no decisions
  friend bool operator==(const TimeCount&, const TimeCount&) = default;
};

// How much of what matches was counted. Counting begins with the newest and stops at the deadline.
struct Counted {
  std::uint64_t records = 0;
  std::optional<Timestamp> since = {};  // set where it stopped: records before that one were not counted
};

struct Facets {
  Counted counted;
  std::vector<Facet> facets;
};

struct Histogram {
  Counted counted;
  Timestamp from;
  Timestamp until;
  Seconds step{1};
  std::vector<TimeCount> counts;  // the oldest first; stretches without any are left out
};

// Reads a data folder without writing to it: the index, and behind it the journal's durable tail, so that a record
// shows as soon as it is answered for. Both are asked by the same code. Moves to a new index by itself. Records come
// from the journal, byte for byte. One thread at a time. The tail is held in memory: at most kMostTail records of it.
class LogReader {
 public:
  static constexpr std::uint64_t kMostTail = 1'000'000;
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~LogReader() = default;

  virtual Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) = 0;
  virtual Result<std::optional<LoggedRecord>> find(std::string_view decision_id) = 0;
  // The record of that number; nothing at or beyond the durable end.
  virtual Result<std::optional<LoggedRecord>> record_at(std::uint64_t index) = 0;
  // The gate that was given that decision.
  virtual Result<std::optional<std::string>> pep_of(std::string_view decision_id) = 0;
  // Waits at most `wait` until a durable record at or after `from` matches; looks every few milliseconds. A `from`
  // beyond the end is taken back to the end.
  virtual Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) = 0;
  // The `most` most frequent values of each field among what matches.
  virtual Result<Facets> facets(const RecordFilter& filter, const std::vector<Field>& fields, std::size_t most,
                                Deadline deadline) = 0;
  // What matches over the filter's time, or the log's where it states none, in at most `most` stretches.
  virtual Result<Histogram> histogram(const RecordFilter& filter, std::size_t most, Deadline deadline) = 0;
  // One past the last durable record.
  virtual Result<std::uint64_t> durable_end() = 0;
};

}  // namespace portreeve::storage
