// Counters, gauges and histograms for Prometheus. Own, as prometheus-cpp takes a lock at every look-up of a labelled
// child and its histogram one at every observation; here the hot path is one atomic addition.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"

namespace portreeve::daemon {

// Only grows. Hot path: any thread, no lock, no allocation.
class alignas(64) Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Hot path: any thread, no lock, no allocation.
class alignas(64) Gauge {
 public:
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts observations into fixed buckets. Hot path: any thread, no lock, no allocation; O(buckets).
class alignas(64) Histogram {
 public:
  // `bounds`: the buckets' inclusive upper bounds, strictly rising; +Inf is added.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;

  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t bucket(std::size_t index) const noexcept { return counts_[index].load(std::memory_order_relaxed); }
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // bounds_.size() + 1, each bucket by itself
  std::atomic<double> sum_{0};
};

// Seconds, from 10 µs to 10 s: what a latency histogram wants.
std::vector<double> latency_bounds();

using Labels = std::vector<std::pair<std::string, std::string>>;

// The registry: hands out metrics, which live as long as it does and never move, and writes them all.
// Registering and writing take a lock; using a metric does not. The same name and labels give the same metric again.
// Requires: names match [a-zA-Z_:][a-zA-Z0-9_:]*, label names the same without colons; one type a name.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       const Labels& labels = {});
  // Metrics whose value is read at each writing. `read` may be called from any thread, with the registry's lock held,
  // so it registers nothing; what it refers to outlives the registry.
  void counter_function(std::string_view name, std::string_view help, std::function<double()> read,
                        const Labels& labels = {});
  void gauge_function(std::string_view name, std::string_view help, std::function<double()> read,
                      const Labels& labels = {});

  // Everything in Prometheus' text format 0.0.4 (`text/plain; version=0.0.4`), families by name.
  std::string exposition() const;

 private:
  struct Family;
  struct Child;
  enum class Kind : std::uint8_t { counter, gauge, histogram };

  Child& child(std::string_view name, std::string_view help, Kind kind, const Labels& labels) REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_ GUARDED_BY(mutex_);
};

}  // namespace portreeve::daemon
