#include "storage/sqlite/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "storage/segments/segment_cursor.h"
#include "storage/sqlite/index_file.h"
#include "storage/sqlite/record_table.h"

namespace portreeve::storage {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr std::size_t kTailBatch = 8192;

class SqliteLogReader final : public LogReader {
 public:
  SqliteLogReader(std::unique_ptr<FileSystem> files, std::string data)
      : files_(std::move(files)), data_(std::move(data)), journal_(data_ + "/journal") {
    tail_.make_tables();
  }

  Result<RecordPage> search(const RecordFilter& filter, const PageRequest& page) override {
    return reading<RecordPage>([&]() -> Result<RecordPage> { return search_now(filter, page); });
  }

  Result<std::optional<LoggedRecord>> find(std::string_view decision_id) override {
    return reading<std::optional<LoggedRecord>>([&]() -> Result<std::optional<LoggedRecord>> {
      if (auto found = tail_.find_decision(decision_id)) return found;
      return index_ == nullptr ? std::nullopt : index_->find_decision(decision_id);
    });
  }

  Result<std::optional<std::string>> pep_of(std::string_view decision_id) override {
    return reading<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
      if (auto found = tail_.pep_of(decision_id)) return found;
      return index_ == nullptr ? std::nullopt : index_->pep_of(decision_id);
    });
  }

  Result<FollowPage> follow(const RecordFilter& filter, std::uint64_t from, std::size_t most, Millis wait) override {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    most = std::clamp<std::size_t>(most, 1, kMostPerPage);
    for (;;) {
      TRY_ASSIGN(const std::uint64_t end, durable_end());
      from = std::min(from, end);
      if (from < end) {
        TRY_ASSIGN(std::vector<LoggedRecord> found, reading<std::vector<LoggedRecord>>([&] {
                     return Result<std::vector<LoggedRecord>>(rows(filter, PageOrder::oldest_first, from, end, most));
                   }));
        from = found.size() == most ? found.back().index + 1 : end;
        if (!found.empty()) return FollowPage{std::move(found), from};
      }
      if (std::chrono::steady_clock::now() >= deadline) return FollowPage{{}, from};
      std::this_thread::sleep_for(kLookAgain);
    }
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
    if (index_ != nullptr) index_->roll_back();
    if (!result) tail_.roll_back();
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
      start = index_->position();
    }
    return refresh_tail(start);
  }

  void open_index(const std::string& file) {
    index_.reset();
    index_file_ = file;
    if (file.empty()) return;
    auto table = std::make_unique<RecordTable>(open_read_only(file));
    if (table->is_current()) index_ = std::move(table);
  }

  // Makes the tail hold exactly [start.index, durable end).
  Status refresh_tail(const SegmentPosition& start) {
    // Read after the index: what the index holds was durable, so that the tail never ends before it begins.
    TRY_ASSIGN(const std::uint64_t end, durable_end());
    if (start.index < tail_begin_ || start.index >= tail_at_.index) {
      tail_.clear();
      tail_at_ = start;
    } else if (start.index > tail_begin_) {
      tail_.remove_below(start.index);
    }
    tail_begin_ = start.index;
    if (end > start.index + kMostTail) {
      return fail(
          fmt::format("the index is {} records behind the journal, more than a reader holds: rebuild it with "
                      "`portreeve decisions --reindex`",
                      end - start.index));
    }
    if (tail_at_.index >= end) return {};
    SegmentCursor cursor = SegmentCursor::resume(*files_, journal_, tail_at_);
    tail_.begin();
    while (cursor.position().index < end) {
      TRY_ASSIGN(const std::vector<StoredRecord> records, cursor.read(end, kTailBatch));
      for (const StoredRecord& record : records) tail_.insert(record);
    }
    tail_.commit();
    tail_at_ = cursor.position();
    return {};
  }

  // The index lies wholly before the tail, so that the two answers follow on one another.
  std::vector<LoggedRecord> rows(const RecordFilter& filter, PageOrder order, std::uint64_t low, std::uint64_t high,
                                 std::size_t limit) {
    std::vector<LoggedRecord> found;
    const bool newest = order == PageOrder::newest_first;
    for (RecordTable* const table : {newest ? &tail_ : index_.get(), newest ? index_.get() : &tail_}) {
      if (table == nullptr || found.size() == limit) continue;
      auto more = table->search(filter, order, low, high, limit - found.size());
      std::ranges::move(more, std::back_inserter(found));
    }
    return found;
  }

  Result<RecordPage> search_now(const RecordFilter& filter, const PageRequest& page) {
    const std::size_t limit = std::clamp<std::size_t>(page.limit, 1, kMostPerPage);
    const bool newest = page.order == PageOrder::newest_first;
    const std::uint64_t low = !newest && page.after ? *page.after + 1 : 0;
    const std::uint64_t high = newest && page.after ? *page.after : INT64_MAX;
    RecordPage found;
    found.records = rows(filter, page.order, low, high, limit + 1);
    if (found.records.size() > limit) {
      found.records.pop_back();
      found.next = found.records.back().index;
    }
    return found;
  }

  std::unique_ptr<FileSystem> files_;
  std::string data_;
  std::string journal_;
  std::string index_file_;
  std::unique_ptr<RecordTable> index_;
  RecordTable tail_{open_in_memory()};
  std::uint64_t tail_begin_ = 0;
  SegmentPosition tail_at_;
};

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::open(std::string data) {
  return adapted("cannot read the decision log in `" + data + "`", [&]() -> Result<std::unique_ptr<LogReader>> {
    std::unique_ptr<FileSystem> files = make_posix_file_system();
    TRY_ASSIGN(const bool there, files->exists(data + "/journal"));
    if (!there) return fail(fmt::format("`{}` has no folder `journal`: it is no PDP's data folder", data));
    return std::make_unique<SqliteLogReader>(std::move(files), data);
  });
}

}  // namespace portreeve::storage
