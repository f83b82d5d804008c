#include "pep/usage/usage_spool.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

// What a completion can say beyond its intent: a few texts, the counters, the tools.
constexpr std::uint64_t kCompletionBytes = 5u << 10;
// Of frames, heads and seals, which no reservation counts.
constexpr std::uint64_t kMarginBytes = 1u << 20;
constexpr std::uint64_t kFrameBytes = 64;

}  // namespace

UsageSpool::Call::Call(Call&& other) noexcept
    : spool_(std::exchange(other.spool_, nullptr)),
      intent_(std::move(other.intent_)),
      reserved_(std::exchange(other.reserved_, 0)) {}

UsageSpool::Call& UsageSpool::Call::operator=(Call&& other) noexcept {
  if (this == &other) return *this;
  release();
  spool_ = std::exchange(other.spool_, nullptr);
  intent_ = std::move(other.intent_);
  reserved_ = std::exchange(other.reserved_, 0);
  return *this;
}

void UsageSpool::Call::release() {
  if (spool_ == nullptr) return;
  spool_->reserved_bytes_.fetch_sub(reserved_, std::memory_order_relaxed);
  spool_ = nullptr;
}

void UsageSpool::Call::complete(const wire::UsageEvent& completion) {
  if (spool_ == nullptr) return;
  wire::UsageEvent event = intent_;
  event.kind = wire::UsageKind::completion;
  event.answered_model = completion.answered_model;
  event.response_id = completion.response_id;
  event.service_tier = completion.service_tier;
  event.status = completion.status;
  event.outcome = completion.outcome;
  event.certainty = completion.certainty;
  event.counters = completion.counters;
  event.duration_millis = completion.duration_millis;
  spool_->write_completion(event);
  release();
}

Result<std::unique_ptr<UsageSpool>> UsageSpool::open(storage::FileSystem& files, UsageSpoolOptions options,
                                                     std::string boot, const daemon::Log& log) {
  storage::SpoolOptions spool_options;
  spool_options.total_bytes = options.total_bytes;
  TRY_ASSIGN(auto queue, storage::Spool::open(files, options.directory, spool_options));
  return std::unique_ptr<UsageSpool>(new UsageSpool(std::move(boot), options.total_bytes, log, std::move(queue)));
}

UsageSpool::UsageSpool(std::string boot, std::uint64_t total_bytes, const daemon::Log& log,
                       std::unique_ptr<storage::Spool> queue)
    : boot_(std::move(boot)), total_bytes_(total_bytes), log_(log), queue_(std::move(queue)) {
  acknowledged_.store(queue_->acknowledged(), std::memory_order_relaxed);
}

UsageSpool::~UsageSpool() = default;

std::string UsageSpool::next_key() {
  const MutexLock lock(mutex_);
  return boot_ + "-" + std::to_string(next_call_++);
}

bool UsageSpool::fits(std::uint64_t more) const {
  const std::uint64_t margin = std::min(kMarginBytes, total_bytes_ / 4);
  const std::uint64_t taken = queue_->bytes() + waiting_bytes_.load(std::memory_order_relaxed) +
                              reserved_bytes_.load(std::memory_order_relaxed);
  return queue_->failure().empty() && taken + more + margin <= total_bytes_;
}

bool UsageSpool::has_room() const { return fits(2 * limits::kUsageEventBytes); }

// Room for the intent and its completion; the completion's is returned and stays taken until Call::release().
Result<std::uint64_t> UsageSpool::reserve(const wire::UsageEvent& intent) {
  const std::uint64_t size = wire::to_json(intent, 1).size() + boot_.size() + kFrameBytes;
  const std::uint64_t completion = size + kCompletionBytes;
  reserved_bytes_.fetch_add(completion, std::memory_order_relaxed);
  if (fits(size)) return completion;
  reserved_bytes_.fetch_sub(completion, std::memory_order_relaxed);
  const std::string failure = queue_->failure();
  return fail(failure.empty() ? "the usage spool is full" : "the usage spool failed: " + failure);
}

// The boot id travels with each record: what an earlier run left behind goes out under its own numbers.
void UsageSpool::append(const wire::UsageEvent& event, Urgency urgency, storage::Spool::Completion done) {
  const MutexLock lock(mutex_);
  std::string framed = boot_ + wire::to_json(event, next_seq_++);
  const std::uint64_t size = framed.size() + kFrameBytes;
  waiting_bytes_.fetch_add(size, std::memory_order_relaxed);
  std::vector<std::string> records;
  records.push_back(std::move(framed));
  storage::Spool::Completion noted = [this, size, done = std::move(done)](Result<std::uint64_t> index) mutable {
    waiting_bytes_.fetch_sub(size, std::memory_order_relaxed);
    done(std::move(index));
  };
  if (urgency == Urgency::waited_for) {
    queue_->append(std::move(records), std::move(noted));
  } else {
    queue_->append_soon(std::move(records), std::move(noted));
  }
}

void UsageSpool::write_completion(const wire::UsageEvent& completion) {
  append(completion, Urgency::may_linger, [this](Result<std::uint64_t> index) {
    if (index) return;
    if (lost_.fetch_add(1, std::memory_order_relaxed) == 0) {
      log_.error("a completion could not be spooled: its usage stays unknown; no further call is made",
                 {{"error", index.error().message}});
    }
  });
}

boost::asio::awaitable<Result<UsageSpool::Call>> UsageSpool::begin(wire::UsageEvent intent) {
  intent.kind = wire::UsageKind::intent;
  intent.key = next_key();
  const auto reserved = reserve(intent);
  if (!reserved) co_return fail(reserved.error());
  Call call(*this, std::move(intent), *reserved);
  const auto initiate = [this](auto handler, const wire::UsageEvent* event) {
    const auto executor = boost::asio::get_associated_executor(handler);
    // The loop stays up until the handler is back on it.
    append(*event, Urgency::waited_for,
           [work = boost::asio::make_work_guard(executor),
            handler = std::move(handler)](Result<std::uint64_t> index) mutable {
             Status durable = index ? Status() : Status(fail(index.error()));
             boost::asio::post(work.get_executor(),
                               [handler = std::move(handler), durable = std::move(durable)]() mutable {
                                 std::move(handler)(std::move(durable));
                               });
           });
  };
  const Status durable = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Status)>(
      initiate, boost::asio::use_awaitable, &call.intent());
  if (!durable) co_return fail(durable.error());
  co_return std::move(call);
}

Result<UsageSpool::Call> UsageSpool::begin_and_wait(wire::UsageEvent intent) {
  intent.kind = wire::UsageKind::intent;
  intent.key = next_key();
  TRY_ASSIGN(const std::uint64_t reserved, reserve(intent));
  Call call(*this, std::move(intent), reserved);
  std::promise<Status> promise;
  std::future<Status> durable = promise.get_future();
  append(call.intent(), Urgency::waited_for, [&promise](Result<std::uint64_t> index) {
    promise.set_value(index ? Status() : Status(fail(index.error())));
  });
  if (Status status = durable.get(); !status) return fail(status.error());
  return call;
}

std::uint64_t UsageSpool::waiting() const {
  return queue_->durable_end() - acknowledged_.load(std::memory_order_relaxed);
}

void UsageSpool::wait_until_acknowledged_for_test() const {
  const std::uint64_t end = queue_->durable_end();
  for (auto now = acknowledged_.load(); now < end; now = acknowledged_.load()) acknowledged_.wait(now);
}

Status UsageSpool::acknowledge(std::uint64_t end) {
  if (Status status = queue_->acknowledge(end); !status) return status;
  acknowledged_.store(end);
  acknowledged_.notify_all();
  return {};
}

}  // namespace portreeve::pep
