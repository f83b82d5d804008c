// The engine's figures by number of rules: the time of one decision, of loading and compiling, and memory. Prints JSON
// lines for tools/bench; --benchmark_filter= and Google Benchmark's other flags work as usual.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "tests/bench/workload.h"

namespace portreeve::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRequests = 4096;
constexpr std::size_t kBatch = 64;

std::shared_ptr<const model::CheckedPolicySet> load_or_exit(const std::vector<wire::PolicyFile>& files) {
  load::LoadResult loaded = load::load(files);
  if (loaded.set != nullptr) return loaded.set;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, loaded.diagnostics.size()); ++i) {
    fmt::print(stderr, "{}\n", to_text(loaded.diagnostics[i]));
  }
  std::exit(1);
}

// The median time between two readings of the clock with nothing in between: part of every time below.
std::int64_t clock_nanos() {
  std::vector<std::int64_t> nanos(1001);
  for (std::int64_t& each : nanos) {
    const auto start = Clock::now();
    each = (Clock::now() - start).count();
  }
  std::ranges::nth_element(nanos, nanos.begin() + 500);
  return nanos[500];
}

std::int64_t part(const std::vector<std::int64_t>& sorted, double share) {
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

// Each decision timed by itself, less what reading the clock costs.
void measure(benchmark::State& state, Asked asked, const std::string& name) {
  const auto rules = static_cast<std::size_t>(state.range(0));
  const auto snapshot = compile::compile(load_or_exit(make_policies(rules)));
  const auto requests = make_requests(rules, kRequests, asked);
  std::size_t allowed = 0, touched = 0;
  for (const wire::Request& request : requests) {
    decide::Trace trace;
    allowed += decide::decide(*snapshot, request, &trace).allowed ? 1 : 0;
    touched += trace.rules.size();
  }
  const std::int64_t clock = clock_nanos();
  decide::Workspace workspace;
  std::vector<std::int64_t> nanos;
  std::size_t next = 0;
  for ([[maybe_unused]] auto unused : state) {
    // A request is judged as its reader leaves it: just written. Of the policy set nothing is kept near.
    const std::vector<wire::Request> batch(requests.begin() + static_cast<std::ptrdiff_t>(next),
                                           requests.begin() + static_cast<std::ptrdiff_t>(next + kBatch));
    next = (next + kBatch) % kRequests;
    std::int64_t sum = 0;
    for (const wire::Request& request : batch) {
      const auto start = Clock::now();
      benchmark::DoNotOptimize(&decide::decide(*snapshot, request, workspace));
      nanos.push_back((Clock::now() - start).count() - clock);
      sum += nanos.back();
    }
    state.SetIterationTime(static_cast<double>(sum) * 1e-9);
  }
  std::ranges::sort(nanos);
  state.counters[name + ".p50"] = static_cast<double>(part(nanos, 0.5));
  state.counters[name + ".p99"] = static_cast<double>(part(nanos, 0.99));
  if (asked != Asked::anything) return;
  state.counters["engine.touched"] = static_cast<double>(touched) / kRequests;
  state.counters["engine.allowed"] = static_cast<double>(allowed) / kRequests;
}

void decide(benchmark::State& state) { measure(state, Asked::anything, "engine.decide"); }
void decide_by_expressions(benchmark::State& state) { measure(state, Asked::expressions, "engine.expressions"); }

std::size_t heap_bytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// From text to a snapshot that can judge, and what of the heap the snapshot keeps.
void load_and_compile(benchmark::State& state) {
  const auto rules = static_cast<std::size_t>(state.range(0));
  const auto files = make_policies(rules);
  static_cast<void>(load_or_exit(make_policies(100)));  // what libraries set up once is not the snapshot's
  double load_seconds = 0, compile_seconds = 0, bytes = 0;
  for ([[maybe_unused]] auto unused : state) {
    const std::size_t before = heap_bytes();
    const auto start = Clock::now();
    auto set = load_or_exit(files);
    const auto loaded = Clock::now();
    const auto snapshot = compile::compile(std::move(set));
    const auto compiled = Clock::now();
    load_seconds = std::chrono::duration<double>(loaded - start).count();
    compile_seconds = std::chrono::duration<double>(compiled - loaded).count();
    bytes = static_cast<double>(heap_bytes() - before) / static_cast<double>(rules);
    state.SetIterationTime(load_seconds + compile_seconds);
  }
  state.counters["engine.load"] = load_seconds;
  state.counters["engine.compile"] = compile_seconds;
  state.counters["engine.memory_per_rule"] = bytes;
}

BENCHMARK(decide)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000)->UseManualTime()->MinTime(1);
BENCHMARK(decide_by_expressions)->Arg(10'000)->UseManualTime()->MinTime(1);
BENCHMARK(load_and_compile)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000)->UseManualTime()->Iterations(1);

std::string_view unit_of(std::string_view counter) {
  if (counter.ends_with(".p50") || counter.ends_with(".p99")) return "ns";
  if (counter == "engine.memory_per_rule") return "bytes";
  if (counter == "engine.touched") return "rules";
  return counter == "engine.allowed" ? "share" : "s";
}

// One JSON line a counter.
class Lines : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      for (const auto& [name, counter] : run.counters) {
        fmt::print("{{\"name\":\"{}\",\"value\":{:.4g},\"unit\":\"{}\",\"context\":\"rules={}\"}}\n", name,
                   counter.value, unit_of(name), run.run_name.args);
      }
      std::fflush(stdout);
    }
  }
};

}  // namespace
}  // namespace portreeve::bench

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  portreeve::bench::Lines lines;
  benchmark::RunSpecifiedBenchmarks(&lines);
}
