#include "storage/log/tally.h"

#include <algorithm>
#include <array>

namespace portreeve::storage {
namespace {

// Calls `body(record)` for each selected one.
template <class Body>
void for_each(const Selection& selection, Body body) {
  for (std::uint32_t i = selection.low; i < selection.high; ++i) {
    if (selection.all || selection.marks[i] != 0) body(i);
  }
}

// The selected ones as a list, where they are so few that a walk over it beats one over the marks.
std::vector<std::uint32_t> list_of_few(const Selection& selection) {
  std::vector<std::uint32_t> few;
  if (selection.all || selection.count > (selection.high - selection.low) / 4) return few;
  few.reserve(selection.count);
  for_each(selection, [&](std::uint32_t record) { few.push_back(record); });
  return few;
}

// How many of the selected have each code.
std::vector<std::uint32_t> count_codes(const PackedNumbers& codes, std::size_t values, const Selection& selection,
                                       const std::vector<std::uint32_t>& few) {
  std::vector<std::uint32_t> counts(values, 0);
  codes.visit([&](const auto* numbers) {
    if (numbers == nullptr) {
      counts[0] = selection.count;
    } else if (!few.empty()) {
      for (const std::uint32_t record : few) ++counts[numbers[record]];
    } else if (selection.all) {
      for (std::uint32_t i = selection.low; i < selection.high; ++i) ++counts[numbers[i]];
    } else {
      for (std::uint32_t i = selection.low; i < selection.high; ++i) counts[numbers[i]] += selection.marks[i];
    }
  });
  return counts;
}

}  // namespace

FacetTally::FacetTally(const std::vector<Field>& fields) {
  for (const Field field : fields) fields_.push_back({field, {}, false});
}

void FacetTally::Counts::add(std::string_view value, std::uint64_t count) {
  if (value.empty()) return;
  const auto at = by_value.find(value);
  if (at != by_value.end()) {
    at->second += count;
  } else if (by_value.size() < kMostValues) {
    by_value.emplace(value, count);
  } else {
    left_out = true;
  }
}

Status FacetTally::add(Block& block, const Selection& selection) {
  if (selection.count == 0) return {};
  const std::vector<std::uint32_t> few = list_of_few(selection);
  for (Counts& counts : fields_) {
    TRY_ASSIGN(const Dictionary* const dictionary, block.dictionary(counts.field));
    std::vector<std::uint32_t> by_code;
    if (!selection.is_whole(block.head())) {
      TRY_ASSIGN(const PackedNumbers* const codes, block.codes(counts.field));
      by_code = count_codes(*codes, dictionary->size(), selection, few);
    }
    for (std::size_t code = 0; code < dictionary->size(); ++code) {
      const std::uint32_t count = by_code.empty() ? dictionary->count(code) : by_code[code];
      if (count == 0) continue;
      std::string_view value = dictionary->value(code);
      if (counts.field != Field::rules) {
        counts.add(value, count);
        continue;
      }
      while (!value.empty()) {
        const std::size_t end = std::min(value.find('\n'), value.size());
        counts.add(value.substr(0, end), count);
        value.remove_prefix(std::min(end + 1, value.size()));
      }
    }
  }
  return {};
}

std::vector<Facet> FacetTally::take(std::size_t most) {
  std::vector<Facet> out;
  for (Counts& counts : fields_) {
    Facet facet{counts.field, {counts.by_value.begin(), counts.by_value.end()}, counts.left_out};
    const std::size_t kept = std::min(most, facet.values.size());
    std::ranges::partial_sort(
        facet.values, facet.values.begin() + static_cast<std::ptrdiff_t>(kept),
        [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
    facet.more |= facet.values.size() > kept;
    facet.values.resize(kept);
    out.push_back(std::move(facet));
  }
  return out;
}

std::size_t TimeTally::bucket_of(std::int64_t millis) const {
  return static_cast<std::size_t>((std::clamp(millis, from_, until_ - 1) - from_) / step_);
}

Status TimeTally::add(Block& block, const Selection& selection) {
  if (selection.count == 0) return {};
  const BlockHead& head = block.head();
  TRY_ASSIGN(const Dictionary* const dictionary, block.dictionary(Field::decision));
  TRY_ASSIGN(const PackedNumbers* const codes, block.codes(Field::decision));
  TRY_ASSIGN(const PackedNumbers* const times, block.times());
  std::vector<Answer> answers;
  for (std::size_t code = 0; code < dictionary->size(); ++code) {
    const std::string_view value = dictionary->value(code);
    answers.push_back(value == "allow" ? allowed : value == "deny" ? denied : other);
  }
  const std::size_t last = bucket_of(head.time_high);
  if (buckets_.size() <= last) buckets_.resize(last + 1);
  times->visit([&](const auto* since) {
    codes->visit([&](const auto* numbers) {
      for_each(selection, [&](std::uint32_t i) {
        const std::int64_t time = head.time_low + (since == nullptr ? 0 : static_cast<std::int64_t>(since[i]));
        ++buckets_[bucket_of(time)][answers[numbers == nullptr ? 0 : numbers[i]]];
      });
    });
  });
  return {};
}

std::vector<TimeCount> TimeTally::take() const {
  std::vector<TimeCount> out;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const auto& [allow, deny, rest] = buckets_[i];
    if (allow + deny + rest == 0) continue;
    out.push_back({Timestamp::from_unix_millis(from_ + static_cast<std::int64_t>(i) * step_), allow, deny, rest});
  }
  return out;
}

}  // namespace portreeve::storage
