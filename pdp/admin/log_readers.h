// A few readers of the decision log, lent to one request at a time each.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "storage/log/log_reader.h"

namespace portreeve::pdp {

using OpenLogReader = std::function<Result<std::unique_ptr<storage::LogReader>>()>;

// Thread-safe.
class LogReaders {
 public:
  // As many questions as are answered at once: they are about memory's and the disk's speed, not about waiting.
  static constexpr std::size_t kMost = 4;
  // Downloads, which each take a reader of their own for minutes.
  static constexpr std::size_t kMostExports = 4;

  explicit LogReaders(OpenLogReader open) : open_(std::move(open)) {}

  // A reader, back in place when it goes out of scope. Must not outlive the pool.
  class Lease {
   public:
    Lease(LogReaders& pool, std::unique_ptr<storage::LogReader> reader) : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_ != nullptr) pool_->give_back(std::move(reader_));
    }
    storage::LogReader* operator->() const { return reader_.get(); }
    storage::LogReader& operator*() const { return *reader_; }

   private:
    LogReaders* pool_;
    std::unique_ptr<storage::LogReader> reader_;
  };
  // Waits until one is free.
  Result<Lease> borrow();

  // A reader for a download; nothing where kMostExports are under way.
  Result<std::shared_ptr<storage::LogReader>> open_for_export();

 private:
  void give_back(std::unique_ptr<storage::LogReader> reader);

  const OpenLogReader open_;
  Mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<std::unique_ptr<storage::LogReader>> free_ GUARDED_BY(mutex_);
  std::size_t lent_ GUARDED_BY(mutex_) = 0;
  const std::shared_ptr<std::atomic<std::size_t>> exports_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace portreeve::pdp
