#include "daemon/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/base/check.h"

namespace portreeve::daemon {

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {
  CHECK(std::adjacent_find(bounds_.begin(), bounds_.end(), std::greater_equal<>()) == bounds_.end());
}

void Histogram::observe(double value) noexcept {
  std::size_t index = 0;
  while (index < bounds_.size() && value > bounds_[index]) ++index;
  counts_[index].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> latency_bounds() {
  return {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

struct Metrics::Child {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct Metrics::Family {
  std::string name;
  std::string help;
  Kind kind;
  std::vector<std::unique_ptr<Child>> children;
};

namespace {

// The text format's escapes: a label's value is quoted, a help text is not.
std::string escape(std::string_view text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// `{a="1",b="2"}`, with `le` last where given; nothing for no labels.
std::string label_text(const Labels& labels, std::string_view le = {}) {
  std::string out;
  const auto append = [&out](std::string_view name, std::string_view value) {
    out += out.empty() ? '{' : ',';
    fmt::format_to(std::back_inserter(out), "{}=\"{}\"", name, escape(value, true));
  };
  for (const auto& [name, value] : labels) append(name, value);
  if (!le.empty()) append("le", le);
  if (!out.empty()) out += '}';
  return out;
}

void append_histogram(std::string& out, std::string_view name, const Labels& labels, const Histogram& histogram) {
  auto to = std::back_inserter(out);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    total += histogram.bucket(i);
    fmt::format_to(to, "{}_bucket{} {}\n", name, label_text(labels, number(histogram.bounds()[i])), total);
  }
  total += histogram.bucket(histogram.bounds().size());
  fmt::format_to(to, "{}_bucket{} {}\n", name, label_text(labels, "+Inf"), total);
  fmt::format_to(to, "{}_sum{} {}\n", name, label_text(labels), number(histogram.sum()));
  fmt::format_to(to, "{}_count{} {}\n", name, label_text(labels), total);
}

}  // namespace

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Child& Metrics::child(std::string_view name, std::string_view help, Kind kind, const Labels& labels) {
  auto place = std::lower_bound(families_.begin(), families_.end(), name,
                                [](const auto& family, std::string_view key) { return family->name < key; });
  if (place == families_.end() || (*place)->name != name) {
    auto family = std::make_unique<Family>(Family{std::string(name), std::string(help), kind, {}});
    place = families_.insert(place, std::move(family));
  }
  Family& family = **place;
  CHECK(family.kind == kind);
  for (const auto& each : family.children) {
    if (each->labels == labels) return *each;
  }
  family.children.push_back(std::make_unique<Child>());
  family.children.back()->labels = labels;
  return *family.children.back();
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const MutexLock lock(mutex_);
  Child& found = child(name, help, Kind::counter, labels);
  if (!found.counter) found.counter = std::make_unique<Counter>();
  return *found.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const MutexLock lock(mutex_);
  Child& found = child(name, help, Kind::gauge, labels);
  if (!found.gauge) found.gauge = std::make_unique<Gauge>();
  return *found.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              const Labels& labels) {
  const MutexLock lock(mutex_);
  Child& found = child(name, help, Kind::histogram, labels);
  if (!found.histogram) found.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *found.histogram;
}

void Metrics::counter_function(std::string_view name, std::string_view help, std::function<double()> read,
                               const Labels& labels) {
  const MutexLock lock(mutex_);
  child(name, help, Kind::counter, labels).read = std::move(read);
}

void Metrics::gauge_function(std::string_view name, std::string_view help, std::function<double()> read,
                             const Labels& labels) {
  const MutexLock lock(mutex_);
  child(name, help, Kind::gauge, labels).read = std::move(read);
}

std::string Metrics::exposition() const {
  const MutexLock lock(mutex_);
  std::string out;
  auto to = std::back_inserter(out);
  for (const auto& family : families_) {
    const std::string_view type = family->kind == Kind::counter ? "counter"
                                  : family->kind == Kind::gauge ? "gauge"
                                                                : "histogram";
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", family->name, escape(family->help, false), family->name, type);
    for (const auto& each : family->children) {
      if (each->histogram) {
        append_histogram(out, family->name, each->labels, *each->histogram);
        continue;
      }
      fmt::format_to(to, "{}{} ", family->name, label_text(each->labels));
      if (each->read) {
        out += number(each->read());
      } else if (each->counter) {
        fmt::format_to(to, "{}", each->counter->value());
      } else {
        fmt::format_to(to, "{}", each->gauge->value());
      }
      out += '\n';
    }
  }
  return out;
}

}  // namespace portreeve::daemon
