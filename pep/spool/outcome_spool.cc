#include "pep/spool/outcome_spool.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace portreeve::pep {
namespace {

// Above this much free room, every connection that is open can still leave its record (a record takes some 600 bytes).
constexpr std::uint64_t kReservedBytes = 8u << 20;

}  // namespace

Result<std::unique_ptr<OutcomeSpool>> OutcomeSpool::open(storage::FileSystem& files, OutcomeSpoolOptions options,
                                                         std::string boot, const daemon::Log& log) {
  storage::SpoolOptions spool_options;
  spool_options.total_bytes = options.total_bytes;
  TRY_ASSIGN(auto queue, storage::Spool::open(files, options.directory, spool_options));
  return std::unique_ptr<OutcomeSpool>(new OutcomeSpool(std::move(options), std::move(boot), log, std::move(queue)));
}

OutcomeSpool::OutcomeSpool(OutcomeSpoolOptions options, std::string boot, const daemon::Log& log,
                           std::unique_ptr<storage::Spool> queue)
    : options_(std::move(options)), boot_(std::move(boot)), log_(log), queue_(std::move(queue)) {}

// The boot id travels with each record: what an earlier run left behind goes out under its own numbers.
template <class Record>
void OutcomeSpool::append(const Record& record) {
  const MutexLock lock(mutex_);
  std::string framed = boot_ + to_json(record, next_seq_++);
  const std::size_t size = framed.size();
  waiting_bytes_.fetch_add(size, std::memory_order_relaxed);
  queue_->append_soon({std::move(framed)}, [this, size](Result<std::uint64_t> done) {
    waiting_bytes_.fetch_sub(size, std::memory_order_relaxed);
    if (done) return;
    if (lost_.fetch_add(1, std::memory_order_relaxed) == 0) {
      log_.error("a record could not be spooled; nothing new is opened", {{"error", done.error().message}});
    }
  });
}

void OutcomeSpool::add(const Outcome& outcome) { append(outcome); }

void OutcomeSpool::add(const Use& use) { append(use); }

void OutcomeSpool::add(Refusal refusal) {
  if (!admit_refusal(refusal.time)) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  refusal.left_out = static_cast<std::int64_t>(left_out_.exchange(0, std::memory_order_relaxed));
  append(refusal);
}

bool OutcomeSpool::admit_refusal(Timestamp time) {
  if (!has_room()) return false;
  const MutexLock lock(mutex_);
  if (time.unix_seconds() != second_) {
    second_ = time.unix_seconds();
    refusals_this_second_ = 0;
  }
  return ++refusals_this_second_ <= options_.refusals_per_second;
}

bool OutcomeSpool::has_room() const {
  const std::uint64_t reserved = std::min(kReservedBytes, options_.total_bytes / 4);
  // The queue's own figure counts a record once it is on disk.
  const std::uint64_t waiting = waiting_bytes_.load(std::memory_order_relaxed);
  return queue_->failure().empty() && queue_->bytes() + waiting + reserved <= options_.total_bytes;
}

}  // namespace portreeve::pep
