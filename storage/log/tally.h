// Counts over selections: by value of a field, and by time and answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "storage/log/log_reader.h"
#include "storage/log/matcher.h"

namespace portreeve::storage {

// How often each value of some fields occurs.
class FacetTally {
 public:
  explicit FacetTally(const std::vector<Field>& fields);

  Status add(Block& block, const Selection& selection);
  // Each field's most frequent values, of equals the first by name.
  std::vector<Facet> take(std::size_t most);

 private:
  // Different values of one field that are kept: what comes later and was never seen is left out, and `more` says so.
  static constexpr std::size_t kMostValues = 200'000;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Counts {
    Field field;
    std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> by_value;
    bool left_out = false;
    void add(std::string_view value, std::uint64_t count);
  };
  std::vector<Counts> fields_;
};

// How many were allowed, denied, or no decisions, by stretches of time.
class TimeTally {
 public:
  // Requires: step > 0, from < until.
  TimeTally(std::int64_t from_millis, std::int64_t until_millis, std::int64_t step_millis)
      : from_(from_millis), until_(until_millis), step_(step_millis) {}

  Status add(Block& block, const Selection& selection);
  // Those that have any, the oldest first.
  std::vector<TimeCount> take() const;

 private:
  enum Answer : std::size_t { allowed, denied, other };
  std::size_t bucket_of(std::int64_t millis) const;

  const std::int64_t from_, until_, step_;
  std::vector<std::array<std::uint64_t, 3>> buckets_;
};

}  // namespace portreeve::storage
