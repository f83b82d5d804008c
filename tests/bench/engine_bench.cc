// Prints the engine's figures as JSON lines: decision time and memory by number of rules, and the time to load and
// compile.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"
#include "tests/bench/workload.h"

namespace portreeve::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void print(std::string_view name, double value, std::string_view unit, const std::string& context) {
  fmt::print("{{\"name\":\"{}\",\"value\":{:.4g},\"unit\":\"{}\",\"context\":\"{}\"}}\n", name, value, unit, context);
  std::fflush(stdout);
}

std::size_t heap_bytes() { return mallinfo2().uordblks; }

// Time of one decision: the median over batches of 64, so that the clock's own cost does not show.
void measure(std::size_t rules) {
  constexpr std::size_t kBatch = 64;
  const auto files = make_policies(rules);
  const std::size_t before = heap_bytes();
  const auto load_start = Clock::now();
  const load::LoadResult loaded = load::load(files);
  const double load_seconds = seconds_since(load_start);
  if (loaded.set == nullptr) {
    for (std::size_t i = 0; i < std::min<std::size_t>(3, loaded.diagnostics.size()); ++i) {
      fmt::print(stderr, "{}\n", to_text(loaded.diagnostics[i]));
    }
    std::exit(1);
  }
  const auto compile_start = Clock::now();
  const auto snapshot = compile::compile(loaded.set);
  const double compile_seconds = seconds_since(compile_start);
  const double bytes = static_cast<double>(heap_bytes() - before) / static_cast<double>(rules);

  const auto requests = make_requests(rules, 4096);
  std::size_t allowed = 0, touched = 0;
  for (const wire::Request& request : requests) {
    decide::Trace trace;
    allowed += decide::decide(*snapshot, request, &trace).allowed ? 1 : 0;
    touched += trace.rules.size();
  }
  std::vector<double> nanos;
  decide::Workspace workspace;
  const auto end = Clock::now() + std::chrono::seconds(2);
  for (std::size_t i = 0; Clock::now() < end; i = (i + kBatch) % requests.size()) {
    // A request is judged as its reader leaves it: just written. Of the policy set nothing is kept near.
    const std::vector<wire::Request> batch(requests.begin() + static_cast<std::ptrdiff_t>(i),
                                           requests.begin() + static_cast<std::ptrdiff_t>(i + kBatch));
    const auto start = Clock::now();
    for (const wire::Request& request : batch) {
      const decide::Verdict& verdict = decide::decide(*snapshot, request, workspace);
      asm volatile("" : : "r"(&verdict) : "memory");
    }
    nanos.push_back(seconds_since(start) * 1e9 / kBatch);
  }
  std::ranges::sort(nanos);
  const auto part = [&](double share) {
    return nanos[static_cast<std::size_t>(static_cast<double>(nanos.size() - 1) * share)];
  };
  const std::string context = fmt::format("rules={}", rules);
  const double count = static_cast<double>(requests.size());
  print("engine.decide.p50", part(0.5), "ns", context);
  print("engine.decide.p99", part(0.99), "ns", context);
  print("engine.load", load_seconds, "s", context);
  print("engine.compile", compile_seconds, "s", context);
  print("engine.memory_per_rule", bytes, "bytes", context);
  print("engine.touched", static_cast<double>(touched) / count, "rules", context);
  print("engine.allowed", static_cast<double>(allowed) / count, "share", context);
}

}  // namespace
}  // namespace portreeve::bench

// Arguments: the numbers of rules to measure at.
int main(int count, char** arguments) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::max(4ul, std::strtoul(arguments[i], nullptr, 10)));
  if (sizes.empty()) sizes = {100, 1'000, 10'000, 100'000};
  for (const std::size_t rules : sizes) portreeve::bench::measure(rules);
}
