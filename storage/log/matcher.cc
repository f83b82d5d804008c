#include "storage/log/matcher.h"

#include <algorithm>
#include <numeric>

#include "engine/base/text.h"

namespace portreeve::storage {
namespace {

// Where an auditor's word may stand. Kinds, answers and types are chosen, not searched for.
constexpr Field kTextFields[] = {Field::texts,   Field::host,  Field::resource, Field::subject,
                                 Field::session, Field::rules, Field::reason,   Field::action,
                                 Field::tenant,  Field::pep,   Field::revision, Field::event};

// Records are stamped to the millisecond, so that a bound between two milliseconds moves up to the next.
std::int64_t millis_at_or_after(Timestamp time) { return time.unix_millis() + (time.nanos() % 1'000'000 != 0 ? 1 : 0); }

std::uint64_t records_of(const Dictionary& dictionary, const std::vector<std::uint8_t>& accepted) {
  std::uint64_t count = 0;
  for (std::size_t code = 0; code < accepted.size(); ++code) count += accepted[code] != 0 ? dictionary.count(code) : 0;
  return count;
}

void mark_range(Selection& selection, std::size_t block_records) {
  if (!selection.all) return;
  selection.marks.assign(block_records, 0);
  std::fill(selection.marks.begin() + selection.low, selection.marks.begin() + selection.high, std::uint8_t{1});
  selection.all = false;
}

void count_marks(Selection& selection) {
  selection.count = std::accumulate(selection.marks.begin() + selection.low, selection.marks.begin() + selection.high,
                                    std::uint32_t{0});
}

void keep_none(Selection& selection) { selection = {selection.low, selection.low, true, {}, 0}; }

// Whether one of the lines of `lines` is `wanted`.
bool has_line(std::string_view lines, std::string_view wanted) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    if (lines.substr(0, end) == wanted) return true;
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return false;
}

}  // namespace

Matcher::Matcher(const RecordFilter& filter) {
  const auto add = [&](Field field, How how, std::optional<std::string> value) {
    if (!value) return;
    if (value->size() > kFieldBytes) value->resize(kFieldBytes);
    conditions_.push_back({field, how, *std::move(value)});
  };
  if (filter.from) from_millis_ = millis_at_or_after(*filter.from);
  if (filter.until) until_millis_ = millis_at_or_after(*filter.until);
  if (filter.kind) add(Field::kind, How::whole, std::string(wire::to_text(*filter.kind)));
  if (filter.decision) add(Field::decision, How::whole, *filter.decision ? "allow" : "deny");
  add(Field::session, How::whole, filter.session);
  add(Field::subject, How::whole, filter.subject);
  if (filter.host) add(Field::host, How::whole, to_lower_ascii(*filter.host));
  add(Field::tenant, How::whole, filter.tenant);
  add(Field::reason, How::whole, filter.reason);
  add(Field::action, How::whole, filter.action);
  add(Field::resource_type, How::whole, filter.resource_type);
  add(Field::revision, How::whole, filter.revision);
  add(Field::pep, How::whole, filter.pep);
  add(Field::event, How::whole, filter.event);
  add(Field::rules, How::line, filter.rule);
  if (filter.resource) add(Field::resource, How::part, to_lower_ascii(*filter.resource));
  add(Field::pep, How::other_than, filter.other_than_pep);
  if (filter.text) text_ = to_lower_ascii(*filter.text);
}

Matcher::Accepted Matcher::containing(const Dictionary& dictionary, const std::string& lower_part) {
  Accepted accepted(dictionary.size(), lower_part.empty() ? 1 : 0);
  if (lower_part.empty()) return accepted;
  const std::string text = to_lower_ascii(dictionary.text());
  std::size_t code = 0, begin = 0;  // of the value that holds `at`
  for (std::size_t at = text.find(lower_part); at != std::string::npos; at = text.find(lower_part, at)) {
    while (begin + dictionary.value(code).size() <= at) begin += dictionary.value(code++).size();
    const std::size_t end = begin + dictionary.value(code).size();
    if (at + lower_part.size() <= end) {
      accepted[code] = 1;
      at = end;
    } else {
      ++at;
    }
  }
  return accepted;
}

Matcher::Accepted Matcher::accepted(const Dictionary& dictionary, const Condition& condition) {
  Accepted accepted(dictionary.size(), 0);
  switch (condition.how) {
    case How::whole:
      // An empty value is an absent one, which equals nothing.
      if (const auto code = dictionary.find(condition.value); code && !condition.value.empty()) accepted[*code] = 1;
      return accepted;
    case How::part:
      accepted = containing(dictionary, condition.value);
      if (const auto absent = dictionary.find("")) accepted[*absent] = 0;
      return accepted;
    case How::line:
      for (std::size_t code = 0; code < dictionary.size(); ++code) {
        accepted[code] = has_line(dictionary.value(code), condition.value) ? 1 : 0;
      }
      return accepted;
    case How::other_than:
      std::ranges::fill(accepted, std::uint8_t{1});
      if (const auto code = dictionary.find(condition.value)) accepted[*code] = 0;
      return accepted;
  }
  return accepted;
}

Status Matcher::keep_fitting(Block& block, const Condition& condition, Selection& selection) {
  TRY_ASSIGN(const Dictionary* const dictionary, block.dictionary(condition.field));
  const Accepted fitting = accepted(*dictionary, condition);
  const std::uint64_t records = records_of(*dictionary, fitting);
  if (records == block.head().count) return {};
  if (records == 0) {
    keep_none(selection);
    return {};
  }
  TRY_ASSIGN(const PackedNumbers* const codes, block.codes(condition.field));
  mark_range(selection, block.head().count);
  codes->visit([&](const auto* numbers) {
    if (numbers == nullptr) return;
    for (std::uint32_t i = selection.low; i < selection.high; ++i) {
      selection.marks[i] = static_cast<std::uint8_t>(selection.marks[i] & fitting[numbers[i]]);
    }
  });
  return {};
}

Status Matcher::keep_timely(Block& block, Selection& selection) const {
  const BlockHead& head = block.head();
  if (head.time_high < from_millis_ || head.time_low >= until_millis_) {
    keep_none(selection);
    return {};
  }
  if (head.time_low >= from_millis_ && head.time_high < until_millis_) return {};
  TRY_ASSIGN(const PackedNumbers* const times, block.times());
  mark_range(selection, head.count);
  for (std::uint32_t i = selection.low; i < selection.high; ++i) {
    const std::int64_t time = head.time_low + static_cast<std::int64_t>(times->at(i));
    if (time < from_millis_ || time >= until_millis_) selection.marks[i] = 0;
  }
  return {};
}

Status Matcher::keep_with_text(Block& block, Selection& selection) const {
  std::vector<std::uint8_t> found;
  for (const Field field : kTextFields) {
    TRY_ASSIGN(const Dictionary* const dictionary, block.dictionary(field));
    const Accepted fitting = containing(*dictionary, text_);
    if (records_of(*dictionary, fitting) == 0) continue;
    TRY_ASSIGN(const PackedNumbers* const codes, block.codes(field));
    if (found.empty()) found.assign(block.head().count, 0);
    codes->visit([&](const auto* numbers) {
      for (std::uint32_t i = selection.low; i < selection.high; ++i) {
        found[i] = static_cast<std::uint8_t>(found[i] | fitting[numbers == nullptr ? 0 : numbers[i]]);
      }
    });
  }
  if (found.empty()) {
    keep_none(selection);
    return {};
  }
  mark_range(selection, block.head().count);
  for (std::uint32_t i = selection.low; i < selection.high; ++i) {
    selection.marks[i] = static_cast<std::uint8_t>(selection.marks[i] & found[i]);
  }
  return {};
}

Result<Selection> Matcher::select(Block& block, std::uint64_t low, std::uint64_t high) const {
  const BlockHead& head = block.head();
  const auto place = [&](std::uint64_t index) {
    return static_cast<std::uint32_t>(std::clamp(index, head.first, head.first + head.count) - head.first);
  };
  Selection selection{place(low), place(high), true, {}, 0};
  const auto is_empty = [&] { return selection.low >= selection.high; };
  if (is_empty()) return selection;
  if (const Status kept = keep_timely(block, selection); !kept) return fail(kept.error());
  for (const Condition& condition : conditions_) {
    if (is_empty()) return selection;
    if (const Status kept = keep_fitting(block, condition, selection); !kept) return fail(kept.error());
  }
  if (!text_.empty() && !is_empty()) {
    if (const Status kept = keep_with_text(block, selection); !kept) return fail(kept.error());
  }
  if (selection.all) {
    selection.count = selection.high - selection.low;
  } else {
    count_marks(selection);
  }
  return selection;
}

}  // namespace portreeve::storage
