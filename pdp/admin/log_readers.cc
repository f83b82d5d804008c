#include "pdp/admin/log_readers.h"

namespace portreeve::pdp {

Result<LogReaders::Lease> LogReaders::borrow() {
  {
    MutexLock lock(mutex_);
    while (lent_ == kMost) lock.wait(returned_);
    ++lent_;
    if (!free_.empty()) {
      auto reader = std::move(free_.back());
      free_.pop_back();
      return Lease(*this, std::move(reader));
    }
  }
  auto opened = open_();
  if (opened) return Lease(*this, *std::move(opened));
  const MutexLock lock(mutex_);
  --lent_;
  returned_.notify_one();
  return fail(opened.error());
}

void LogReaders::give_back(std::unique_ptr<storage::LogReader> reader) {
  const MutexLock lock(mutex_);
  --lent_;
  free_.push_back(std::move(reader));
  returned_.notify_one();
}

Result<std::shared_ptr<storage::LogReader>> LogReaders::open_for_export() {
  if (exports_->fetch_add(1) >= kMostExports) {
    exports_->fetch_sub(1);
    return fail("as many downloads as are allowed at once are under way: try again when one has ended");
  }
  auto opened = open_();
  if (!opened) {
    exports_->fetch_sub(1);
    return fail(opened.error());
  }
  return std::shared_ptr<storage::LogReader>(opened->release(), [exports = exports_](storage::LogReader* reader) {
    delete reader;
    exports->fetch_sub(1);
  });
}

}  // namespace portreeve::pdp
