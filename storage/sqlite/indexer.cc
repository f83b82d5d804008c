#include "storage/sqlite/indexer.h"

#include <chrono>

#include "storage/segments/segment_format.h"
#include "storage/sqlite/index_file.h"

namespace portreeve::storage {
namespace {

constexpr std::size_t kBatch = 4096;
constexpr Millis kIdle{200};
constexpr auto kRetryAfter = std::chrono::seconds(1);

}  // namespace

namespace {

// One batch in one transaction, with the position it ends at.
void copy_batch(const std::vector<StoredRecord>& records, const SegmentPosition& end, IndexDatabase& index,
                IndexDatabase::Position& at) {
  index.begin();
  index.append(records);
  at = {end, crc32c(records.back().bytes)};
  index.set_position(at);
  index.commit();
}

}  // namespace

Status copy_records(SegmentCursor& cursor, std::uint64_t end, IndexDatabase& index) {
  IndexDatabase::Position at;
  while (cursor.position().index < end) {
    TRY_ASSIGN(const std::vector<StoredRecord> records, cursor.read(end, kBatch));
    copy_batch(records, cursor.position(), index, at);
  }
  return {};
}

Result<std::unique_ptr<Indexer>> Indexer::open(std::string data, Journal& journal) {
  std::unique_ptr<Indexer> indexer(new Indexer(std::move(data), journal));
  const auto usable = adapted("cannot read the index", [&]() -> Result<bool> {
    if (const Status opened = indexer->open_current(); !opened) return fail(opened.error());
    return indexer->belongs_to_journal();
  });
  const Status ready = adapted("cannot make the index", [&]() -> Status {
    if (!usable || !*usable) {
      if (const Status made = indexer->make_anew(); !made) return made;
    }
    for (;;) {
      TRY_ASSIGN(const bool more, indexer->step());
      if (!more) break;
    }
    indexer->sequences_ = indexer->index_->gate_sequences();
    return {};
  });
  if (!ready) return fail(ready.error());
  return indexer;
}

Indexer::~Indexer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Indexer::start(Callback<std::uint64_t> indexed) {
  indexed_ = std::move(indexed);
  thread_ = std::thread([this] { run(); });
}

std::string Indexer::error() const {
  const MutexLock lock(mutex_);
  return error_;
}

Status Indexer::open_current() {
  index_.reset();
  file_ = current_index_file(data_);
  if (file_.empty()) return fail("there is no index");
  index_ = std::make_unique<IndexDatabase>(open_writable(file_, Durability::loses_last_on_power_cut));
  if (!index_->is_current()) return fail("the index has another shape");
  at_ = index_->position();
  next_index_.store(at_.at.index, std::memory_order_release);
  return {};
}

Status Indexer::make_anew() {
  index_.reset();
  TRY_ASSIGN(file_, new_index_file(data_));
  index_ = std::make_unique<IndexDatabase>(open_writable(file_, Durability::loses_last_on_power_cut));
  index_->make_tables();
  at_ = {};
  // The link names the path as `current_index_file()` gives it, links above resolved.
  if (const Status published = publish_index_file(data_, file_); !published) return published;
  file_ = current_index_file(data_);
  return {};
}

// An index of another journal, or of one that lost its end, would answer for records that are not there.
Result<bool> Indexer::belongs_to_journal() {
  const std::uint64_t next = at_.at.index;
  if (next == 0) return true;
  if (next > journal_->durable_end()) return false;
  TRY_ASSIGN(SegmentCursor cursor, journal_->cursor_at(next - 1));
  TRY_ASSIGN(const std::vector<StoredRecord> last, cursor.read(next, 1));
  return last.size() == 1 && crc32c(last.front().bytes) == at_.last_crc && cursor.position() == at_.at;
}

Result<bool> Indexer::step() {
  if (index_ == nullptr || current_index_file(data_) != file_) {
    if (const Status opened = open_current(); !opened) {
      if (const Status made = make_anew(); !made) return fail(made.error());
    }
  }
  const std::uint64_t end = journal_->durable_end();
  if (at_.at.index >= end) return false;
  SegmentCursor cursor = journal_->cursor(at_.at);
  TRY_ASSIGN(const std::vector<StoredRecord> records, cursor.read(end, kBatch));
  if (records.empty()) return false;
  copy_batch(records, cursor.position(), *index_, at_);
  next_index_.store(at_.at.index, std::memory_order_release);
  return true;
}

void Indexer::run() {
  for (;;) {
    const auto stepped = adapted("the index could not be written", [&] { return step(); });
    if (stepped && *stepped) indexed_(next_index());
    const bool waits = stepped && !*stepped && !journal_->wait_durable(at_.at.index, kIdle);
    MutexLock lock(mutex_);
    error_ = stepped ? std::string() : stepped.error().message;
    if (stopping_) return;
    if (!stepped) {
      index_.reset();  // whatever is wrong with it, opening it anew is the only cure there is
      const auto deadline = std::chrono::steady_clock::now() + kRetryAfter;
      while (!stopping_ && lock.wait_until(stop_, deadline)) {
      }
    } else if (waits && !journal_->failure().empty()) {
      const auto deadline = std::chrono::steady_clock::now() + kIdle;
      while (!stopping_ && lock.wait_until(stop_, deadline)) {
      }
    }
  }
}

}  // namespace portreeve::storage
