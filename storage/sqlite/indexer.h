// Fills the index from the journal. Internal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/mutex.h"
#include "storage/journal/journal.h"
#include "storage/segments/callback.h"
#include "storage/sqlite/index_database.h"

namespace portreeve::storage {

// One thread that copies durable records into `<data>/index.sqlite` in batches, each with the position it ends at, so
// that a crash at any point costs only time. Errors are kept, shown and tried again: nothing waits for the index.
class Indexer {
 public:
  using Sequences = IndexDatabase::Sequences;

  // Opens the index, or makes it where it is missing, damaged, of another shape or not of this journal, and brings it
  // up to the journal's end. `journal` outlives it.
  static Result<std::unique_ptr<Indexer>> open(std::string data, Journal& journal);
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // The highest outcome of each (gate, boot), as it stood when open() returned.
  const Sequences& sequences_at_open() const { return sequences_; }
  // Starts the thread. `indexed(next)` is called on it after each batch.
  void start(Callback<std::uint64_t> indexed);

  std::uint64_t next_index() const { return next_index_.load(std::memory_order_acquire); }
  std::string error() const;

 private:
  Indexer(std::string data, Journal& journal) : data_(std::move(data)), journal_(&journal) {}
  // These throw SQLite::Exception.
  Status open_current();
  Status make_anew();
  Result<bool> belongs_to_journal();
  // One batch; false where there was nothing to do.
  Result<bool> step();
  void run();

  const std::string data_;
  Journal* const journal_;
  Sequences sequences_;
  Callback<std::uint64_t> indexed_;

  // Owned by the thread once it runs.
  std::string file_;
  std::unique_ptr<IndexDatabase> index_;
  IndexDatabase::Position at_;

  std::atomic<std::uint64_t> next_index_{0};
  mutable Mutex mutex_;
  std::condition_variable_any stop_;
  std::string error_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Copies records from `cursor` up to `end` into `index`, one transaction a batch. Throws SQLite::Exception.
Status copy_records(SegmentCursor& cursor, std::uint64_t end, IndexDatabase& index);

}  // namespace portreeve::storage
