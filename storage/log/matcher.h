// Which records of a block a filter means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "storage/log/block.h"
#include "storage/log/record_filter.h"

namespace portreeve::storage {

// Records of one block, by their place in it: all of [low, high), or those of them that are marked.
struct Selection {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  bool all = false;
  std::vector<std::uint8_t> marks;  // one a record of the block, 1 for those selected; unused where `all`
  std::uint32_t count = 0;

  bool has(std::uint32_t record) const { return record >= low && record < high && (all || marks[record] != 0); }
  // True where it is the whole block: then the dictionaries' counts are its counts.
  bool is_whole(const BlockHead& head) const { return all && low == 0 && high == head.count; }
};

// A filter made ready. Immutable. What it costs is, for each condition, a look at the different values of a field and,
// only where some of them fit and some do not, a pass over the block's codes: about a nanosecond a record.
class Matcher {
 public:
  // `decision_id` is not looked at here: ids are not in the columns, who asks has looked them up.
  explicit Matcher(const RecordFilter& filter);

  // Those with low <= index < high that match.
  Result<Selection> select(Block& block, std::uint64_t low, std::uint64_t high) const;

 private:
  enum class How : std::uint8_t { whole, part, line, other_than };
  struct Condition {
    Field field;
    How how;
    std::string value;
  };
  using Accepted = std::vector<std::uint8_t>;  // by code: 1 where the value fits
  static Accepted accepted(const Dictionary& dictionary, const Condition& condition);
  static Accepted containing(const Dictionary& dictionary, const std::string& lower_part);
  // Leaves in `selection` what also fits; fails where a column cannot be read.
  static Status keep_fitting(Block& block, const Condition& condition, Selection& selection);
  Status keep_timely(Block& block, Selection& selection) const;
  Status keep_with_text(Block& block, Selection& selection) const;

  std::vector<Condition> conditions_;
  std::string text_;  // lower case; empty: none asked for
  std::int64_t from_millis_ = INT64_MIN;
  std::int64_t until_millis_ = INT64_MAX;
};

}  // namespace portreeve::storage
