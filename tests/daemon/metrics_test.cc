#include "daemon/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "daemon/readiness.h"

namespace portreeve::daemon {
namespace {

TEST(Metrics, WritesEveryKindInTheTextFormat) {
  Metrics metrics;
  metrics.counter("portreeve_decisions_total", "Decisions made.", {{"domain", "egress"}, {"decision", "deny"}}).add(3);
  metrics.counter("portreeve_decisions_total", "Decisions made.", {{"domain", "egress"}, {"decision", "allow"}}).add();
  metrics.gauge("portreeve_open", "Open connections.").set(-2);
  Histogram& latency = metrics.histogram("portreeve_latency_seconds", "Time to answer.", {0.5, 2}, {{"a", "b"}});
  latency.observe(0.5);
  latency.observe(0.75);
  latency.observe(8);
  metrics.gauge_function("portreeve_a_read", "Read when written.", [] { return 1.5; });
  EXPECT_EQ(metrics.exposition(),
            "# HELP portreeve_a_read Read when written.\n"
            "# TYPE portreeve_a_read gauge\n"
            "portreeve_a_read 1.5\n"
            "# HELP portreeve_decisions_total Decisions made.\n"
            "# TYPE portreeve_decisions_total counter\n"
            "portreeve_decisions_total{domain=\"egress\",decision=\"deny\"} 3\n"
            "portreeve_decisions_total{domain=\"egress\",decision=\"allow\"} 1\n"
            "# HELP portreeve_latency_seconds Time to answer.\n"
            "# TYPE portreeve_latency_seconds histogram\n"
            "portreeve_latency_seconds_bucket{a=\"b\",le=\"0.5\"} 1\n"
            "portreeve_latency_seconds_bucket{a=\"b\",le=\"2\"} 2\n"
            "portreeve_latency_seconds_bucket{a=\"b\",le=\"+Inf\"} 3\n"
            "portreeve_latency_seconds_sum{a=\"b\"} 9.25\n"
            "portreeve_latency_seconds_count{a=\"b\"} 3\n"
            "# HELP portreeve_open Open connections.\n"
            "# TYPE portreeve_open gauge\n"
            "portreeve_open -2\n");
}

TEST(Metrics, EscapesLabelsAndHelp) {
  Metrics metrics;
  metrics.gauge("g", "back\\slash \"quote\"\nline", {{"l", "back\\slash \"quote\"\nline"}}).set(1);
  EXPECT_EQ(metrics.exposition(),
            "# HELP g back\\\\slash \"quote\"\\nline\n"
            "# TYPE g gauge\n"
            "g{l=\"back\\\\slash \\\"quote\\\"\\nline\"} 1\n");
}

TEST(Metrics, WritesWhatIsNoOrdinaryNumber) {
  Metrics metrics;
  metrics.gauge_function("a", "", [] { return std::numeric_limits<double>::infinity(); });
  metrics.gauge_function("b", "", [] { return -std::numeric_limits<double>::infinity(); });
  metrics.gauge_function("c", "", [] { return std::numeric_limits<double>::quiet_NaN(); });
  const std::string text = metrics.exposition();
  EXPECT_NE(text.find("a +Inf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("b -Inf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("c NaN\n"), std::string::npos) << text;
}

TEST(Metrics, GivesTheSameMetricForTheSameNameAndLabels) {
  Metrics metrics;
  Counter& first = metrics.counter("c", "", {{"a", "1"}});
  for (int i = 0; i < 100; ++i) metrics.counter("c" + std::to_string(i), "");
  EXPECT_EQ(&first, &metrics.counter("c", "", {{"a", "1"}}));
  EXPECT_NE(&first, &metrics.counter("c", "", {{"a", "2"}}));
}

TEST(Metrics, LosesNothingWhenManyThreadsCountAndOneReads) {
  Metrics metrics;
  Counter& counter = metrics.counter("c", "");
  Histogram& histogram = metrics.histogram("h", "", latency_bounds());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        counter.add();
        histogram.observe(1.0);
      }
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(metrics.exposition().empty());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000u);
  EXPECT_EQ(histogram.sum(), 40'000.0);
}

TEST(Readiness, SaysWhatIsMissing) {
  Readiness readiness({"policies", "journal"});
  EXPECT_FALSE(readiness.ready());
  readiness.met("journal");
  readiness.unmet("policies", "no revision is active");
  EXPECT_EQ(readiness.missing(), (std::vector<Readiness::Missing>{{"policies", "no revision is active"}}));
  readiness.met("policies");
  EXPECT_TRUE(readiness.ready());
  readiness.unmet("journal", "the disk is full");
  EXPECT_EQ(readiness.missing(), (std::vector<Readiness::Missing>{{"journal", "the disk is full"}}));
}

TEST(Readiness, IsNeverReadyWithoutConditions) {
  const Readiness readiness{std::vector<std::string>{}};
  EXPECT_FALSE(readiness.ready());
}

}  // namespace
}  // namespace portreeve::daemon
