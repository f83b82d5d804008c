#include "storage/sqlite/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "storage/log/matcher.h"
#include "storage/log/record_fetch.h"
#include "storage/log/tally.h"
#include "storage/segments/segment_cursor.h"
#include "storage/sqlite/index_database.h"
#include "storage/sqlite/index_file.h"
#include "storage/sqlite/log_tail.h"

namespace portreeve::storage {
namespace {

using std::chrono::steady_clock;

constexpr auto kLookAgain = std::chrono::milliseconds(20);

// How long a stretch of a histogram may be, in seconds: what people think in.
constexpr std::int64_t kSteps[] = {1,    5,     10,    30,    60,     300,     600,     1800,
                                   3600, 10800, 21600, 86400, 604800, 2592000, 31536000};

// Some of a block's records may be looked at: those of [low, high).
struct Piece {
  Block* block;
  std::uint64_t low;
  std::uint64_t high;
};

// What a filter means, with the decision's id looked up.
class Question {
 public:
  Question(const RecordFilter& filter, std::vector<std::uint64_t> about)
      : matcher_(filter), by_id_(filter.decision_id.has_value()), about_(std::move(about)) {}

  Result<Selection> select(const Piece& piece) const {
    const BlockHead& head = piece.block->head();
    if (by_id_ && !holds_any(head)) return Selection{0, 0, true, {}, 0};
    TRY_ASSIGN(Selection selection, matcher_.select(*piece.block, piece.low, piece.high));
    if (!by_id_ || selection.count == 0) return selection;
    Selection only{selection.low, selection.high, false, std::vector<std::uint8_t>(head.count, 0), 0};
    for (const std::uint64_t index : about_) {
      if (index < head.first || index >= head.first + head.count) continue;
      const auto record = static_cast<std::uint32_t>(index - head.first);
      if (!selection.has(record)) continue;
      only.marks[record] = 1;
      ++only.count;
    }
    return only;
  }

 private:
  bool holds_any(const BlockHead& head) const {
    const auto at = std::ranges::lower_bound(about_, head.first);
    return at != about_.end() && *at < head.first + head.count;
  }

  const Matcher matcher_;
  const bool by_id_;
  const std::vector<std::uint64_t> about_;  // rising
};

class SqliteLogReader final : public LogReader {
 public:
  SqliteLogReader(std::unique_ptr<FileSystem> files, std::string data)
      : files_(std::move(files)),
        data_(std::move(data)),
        journal_(data_ + "/journal"),
        tail_(*files_, journal_),
        fetch_(*files_, journal_) {}

  Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) override {
    return reading<RecordPage>([&]() -> Result<RecordPage> { return search_now(filter, page); });
  }

  Result<std::optional<LoggedRecord>> find(std::string_view decision_id) override {
    RecordFilter filter;
    filter.decision_id = std::string(decision_id);
    filter.kind = wire::RecordKind::decision;
    TRY_ASSIGN(RecordPage page, search(filter, {.order = PageOrder::oldest_first, .after = {}, .limit = 1}));
    if (page.records.empty()) return std::nullopt;
    return std::move(page.records.front());
  }

  Result<std::optional<LoggedRecord>> record_at(std::uint64_t index) override {
    return reading<std::optional<LoggedRecord>>([&]() -> Result<std::optional<LoggedRecord>> {
      TRY_ASSIGN(const auto places, matching({}, PageOrder::oldest_first, index, index + 1, 1));
      if (places.empty()) return std::nullopt;
      TRY_ASSIGN(LoggedRecord record, fetch_.fetch(places.front()));
      return record;
    });
  }

  Result<std::optional<std::string>> pep_of(std::string_view decision_id) override {
    return reading<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
      RecordFilter filter;
      filter.decision_id = std::string(decision_id);
      filter.kind = wire::RecordKind::decision;
      const Question question = ask(filter);
      for (const Piece& piece : pieces(PageOrder::oldest_first, 0, INT64_MAX)) {
        TRY_ASSIGN(const Selection selection, question.select(piece));
        for (std::uint32_t record = selection.low; record < selection.high && selection.count > 0; ++record) {
          if (!selection.has(record)) continue;
          TRY_ASSIGN(const Dictionary* const dictionary, piece.block->dictionary(Field::pep));
          TRY_ASSIGN(const PackedNumbers* const codes, piece.block->codes(Field::pep));
          return std::string(dictionary->value(codes->at(record)));
        }
      }
      return std::nullopt;
    });
  }

  Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) override {
    const auto deadline = steady_clock::now() + wait;
    most = std::clamp<std::size_t>(most, 1, kMostPerPage);
    for (;;) {
      TRY_ASSIGN(const std::uint64_t end, durable_end());
      from = std::min(from, end);
      if (from < end) {
        TRY_ASSIGN(std::vector<LoggedRecord> found, reading<std::vector<LoggedRecord>>([&] {
                     return records(filter, PageOrder::oldest_first, from, end, most);
                   }));
        from = found.size() == most ? found.back().index + 1 : end;
        if (!found.empty()) return FollowPage{std::move(found), from};
      }
      if (steady_clock::now() >= deadline) return FollowPage{{}, from};
      std::this_thread::sleep_for(kLookAgain);
    }
  }

  Result<Facets> facets(const RecordFilter& filter, const std::vector<Field>& fields, std::size_t most,
                        Deadline deadline) override {
    return reading<Facets>([&]() -> Result<Facets> {
      FacetTally tally(fields);
      Facets out;
      TRY_ASSIGN(out.counted, count(filter, deadline, tally));
      out.facets = tally.take(most);
      return out;
    });
  }

  Result<Histogram> histogram(const RecordFilter& filter, std::size_t most, Deadline deadline) override {
    return reading<Histogram>([&]() -> Result<Histogram> {
      Histogram out;
      const auto [low, high] = time_range(filter);
      const std::int64_t seconds = std::max<std::int64_t>(1, (high - low + 999) / 1000);
      out.step = Seconds(kSteps[std::size(kSteps) - 1]);
      for (const std::int64_t step : kSteps) {
        if (seconds / step + 1 >= static_cast<std::int64_t>(most)) continue;
        out.step = Seconds(step);
        break;
      }
      // Stretches begin at whole steps, so that they stay where they are as time goes on.
      const std::int64_t step = Millis(out.step).count();
      const std::int64_t begin = low - ((low % step) + step) % step;
      out.from = Timestamp::from_unix_millis(begin);
      out.until = Timestamp::from_unix_millis(high);
      TimeTally tally(begin, std::max(high, begin + 1), step);
      TRY_ASSIGN(out.counted, count(filter, deadline, tally));
      out.counts = tally.take();
      return out;
    });
  }

  Result<std::uint64_t> durable_end() override { return read_durable_end(*files_, journal_); }

 private:
  // Calls `body` over one snapshot of the index and a tail that begins where it ends.
  template <class T, class Body>
  Result<T> reading(Body body) {
    Result<T> result = adapted("cannot read the decision log", [&]() -> Result<T> {
      if (const Status refreshed = refresh(); !refreshed) return fail(refreshed.error());
      return body();
    });
    stored_.clear();
    if (index_ != nullptr) index_->roll_back();
    return result;
  }

  Status refresh() {
    std::string current = current_index_file(data_);
    if (current != index_file_ || index_ == nullptr) {
      try {
        open_index(current);
      } catch (const std::exception&) {
        // Replaced and removed between the look and the opening: the new one is there by now.
        current = current_index_file(data_);
        if (current == index_file_) throw;
        open_index(current);
      }
    }
    SegmentPosition start;
    if (index_ != nullptr) {
      index_->begin_reading();
      start = index_->position().at;
      for (const BlockHead& head : index_->blocks()) stored_.push_back(index_->block(head));
    }
    indexed_ = start.index;
    // Read after the index: what the index holds was durable, so that the tail never ends before it begins.
    TRY_ASSIGN(end_, durable_end());
    if (end_ > indexed_ + kMostTail) {
      return fail(
          fmt::format("the index is {} records behind the journal, more than a reader holds: rebuild it with "
                      "`portreeve decisions --reindex`",
                      end_ - indexed_));
    }
    return tail_.refresh(start, end_);
  }

  void open_index(const std::string& file) {
    index_.reset();
    index_file_ = file;
    if (file.empty()) return;
    auto index = std::make_unique<IndexDatabase>(open_read_only(file));
    if (index->is_current()) index_ = std::move(index);
  }

  Question ask(const RecordFilter& filter) {
    if (!filter.decision_id) return {filter, {}};
    std::vector<std::uint64_t> about;
    if (index_ != nullptr) about = index_->about(*filter.decision_id);
    for (const std::uint64_t index : tail_.about(decision_key(*filter.decision_id))) {
      if (index >= indexed_) about.push_back(index);
    }
    return {filter, std::move(about)};
  }

  // All blocks, in order, each with what of it may be looked at: the index lies wholly before the tail.
  std::vector<Piece> pieces(PageOrder order, std::uint64_t low, std::uint64_t high) const {
    std::vector<Piece> out;
    const auto add = [&](Block* block, std::uint64_t from, std::uint64_t until) {
      const BlockHead& head = block->head();
      const Piece piece{block, std::max({from, low, head.first}), std::min({until, high, head.first + head.count})};
      if (piece.low < piece.high) out.push_back(piece);
    };
    for (const auto& block : stored_) add(block.get(), 0, indexed_);
    for (Block* const block : tail_.blocks()) add(block, indexed_, end_);
    if (order == PageOrder::newest_first) std::ranges::reverse(out);
    return out;
  }

  // Where the first `limit` matching records lie, in order.
  Result<std::vector<RecordPlace>> matching(const RecordFilter& filter, PageOrder order, std::uint64_t low,
                                            std::uint64_t high, std::size_t limit) {
    const Question question = ask(filter);
    std::vector<RecordPlace> found;
    for (const Piece& piece : pieces(order, low, high)) {
      if (found.size() == limit) break;
      TRY_ASSIGN(const Selection selection, question.select(piece));
      if (selection.count == 0) continue;
      TRY_ASSIGN(const Places* const places, piece.block->places());
      const std::uint32_t span = selection.high - selection.low;
      for (std::uint32_t i = 0; i < span && found.size() < limit; ++i) {
        const std::uint32_t record = order == PageOrder::oldest_first ? selection.low + i : selection.high - 1 - i;
        if (selection.has(record)) found.push_back(places->at(piece.block->head().first, record));
      }
    }
    return found;
  }

  Result<std::vector<LoggedRecord>> records(const RecordFilter& filter, PageOrder order, std::uint64_t low,
                                            std::uint64_t high, std::size_t limit) {
    TRY_ASSIGN(const std::vector<RecordPlace> places, matching(filter, order, low, high, limit));
    std::vector<LoggedRecord> found;
    found.reserve(places.size());
    for (const RecordPlace& place : places) {
      TRY_ASSIGN(LoggedRecord record, fetch_.fetch(place));
      found.push_back(std::move(record));
    }
    return found;
  }

  Result<RecordPage> search_now(const RecordFilter& filter, const PageRequest& page) {
    const std::size_t limit = std::clamp<std::size_t>(page.limit, 1, kMostPerPage);
    const bool newest = page.order == PageOrder::newest_first;
    const std::uint64_t low = !newest && page.after ? *page.after + 1 : 0;
    const std::uint64_t high = newest && page.after ? *page.after : INT64_MAX;
    RecordPage found;
    TRY_ASSIGN(found.records, records(filter, page.order, low, high, limit + 1));
    if (found.records.size() > limit) {
      found.records.pop_back();
      found.next = found.records.back().index;
    }
    return found;
  }

  template <class Tally>
  Result<Counted> count(const RecordFilter& filter, Deadline deadline, Tally& tally) {
    const Question question = ask(filter);
    Counted counted;
    for (const Piece& piece : pieces(PageOrder::newest_first, 0, INT64_MAX)) {
      TRY_ASSIGN(const Selection selection, question.select(piece));
      if (const Status added = tally.add(*piece.block, selection); !added) return fail(added.error());
      counted.records += selection.count;
      if (steady_clock::now() < deadline || piece.block->head().first == 0) continue;
      counted.since = Timestamp::from_unix_millis(piece.block->head().time_low);
      break;
    }
    return counted;
  }

  // The filter's time, or the log's where it states none; in milliseconds.
  std::pair<std::int64_t, std::int64_t> time_range(const RecordFilter& filter) const {
    std::int64_t low = INT64_MAX, high = INT64_MIN;
    for (const Piece& piece : pieces(PageOrder::oldest_first, 0, INT64_MAX)) {
      low = std::min(low, piece.block->head().time_low);
      high = std::max(high, piece.block->head().time_high + 1);
    }
    if (low > high) low = high = 0;
    if (filter.from) low = std::max(low, std::min(filter.from->unix_millis(), high));
    if (filter.until) high = std::min(high, std::max(filter.until->unix_millis(), low));
    return {low, high};
  }

  std::unique_ptr<FileSystem> files_;
  const std::string data_;
  const std::string journal_;
  std::string index_file_;
  std::unique_ptr<IndexDatabase> index_;
  LogTail tail_;
  RecordFetch fetch_;
  // As of the last refresh.
  std::vector<std::unique_ptr<Block>> stored_;
  std::uint64_t indexed_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

Result<std::unique_ptr<LogReader>> open_log_reader(std::string data) {
  return adapted("cannot read the decision log in `" + data + "`", [&]() -> Result<std::unique_ptr<LogReader>> {
    std::unique_ptr<FileSystem> files = make_posix_file_system();
    TRY_ASSIGN(const bool there, files->exists(data + "/journal"));
    if (!there) return fail(fmt::format("`{}` has no folder `journal`: it is no PDP's data folder", data));
    return std::make_unique<SqliteLogReader>(std::move(files), data);
  });
}

}  // namespace portreeve::storage
