// The decision log at size: how fast it is indexed, and how fast an auditor's questions are answered of it.
//
// Usage: log_bench DIR RECORDS. Makes a log of that many records under DIR, which it leaves there; what is there
// already is used again, and with LOG_BENCH_KEEP_INDEX set its index, too.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <random>
#include <string>

#include "engine/wire/ulid.h"
#include "storage/journal/journal.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/reindex.h"

namespace portreeve::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 4096;
constexpr std::int64_t kStart = 1'763'942'400'000;

void print(const char* name, double value, const char* unit, const std::string& context) {
  std::printf(R"({"name":"%s","value":%.4g,"unit":"%s","context":"%s"})"
              "\n",
              name, value, unit, context.c_str());
  std::fflush(stdout);
}

template <class T>
T checked(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "log_bench: %s\n", result.error().message.c_str());
  std::exit(1);
}

// A number below `count`, small ones far more often: few hosts and people make most of a log.
std::uint64_t skewed(std::mt19937_64& random, std::uint64_t count) {
  const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<std::uint64_t>(unit * unit * unit * static_cast<double>(count));
}

std::string ulid(std::mt19937_64& random, std::int64_t millis) {
  std::array<std::uint8_t, 10> bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return wire::encode_ulid(millis, bytes);
}

// A deployment's day after day, in the bytes that docs/decision-log-format.md states, written straight: 12 tenants,
// 2000 people, 8000 hosts, a session for each few hundred records, ten records a second; one record in four is a gate's
// outcome.
class Workload {
 public:
  std::string record(std::uint64_t number) {
    const std::int64_t millis = kStart + static_cast<std::int64_t>(number) * 100;
    if (number % 4 == 3) return outcome(number, millis);
    const std::uint64_t person = skewed(random_, 2000);
    Session& session = sessions_[person % sessions_.size()];
    if (session.id.empty() || random_() % 300 == 0) session = {"ses_" + ulid(random_, millis), person};
    last_id_ = "dec_" + ulid(random_, millis);
    last_pep_ = "egress-" + std::to_string(session.person % 30);
    const std::string host = "host-" + std::to_string(skewed(random_, 8000)) + ".example.org";
    const bool resolves = number % 8 < 2;
    const bool allowed = random_() % 20 != 0;
    const bool by_rule = allowed || random_() % 3 == 0;
    return fmt::format(
        R"({{"action":"egress.{}","decision":{},"id":"{}","kind":"decision","latencyMicros":40,"pep":"{}","reason":"{}",)"
        R"("resource":{{"id":"{}:443","properties":{{{}"host":"{}","port":443,"protocol":"tls"}},"type":"endpoint"}},)"
        R"("revision":"sha256:{}{}","revocationEvent":0,"roles":["agent","research-agent"],"rules":[{}],"seq":{},)"
        R"("session":"{}","source":{{"boot":"00112233445566778899aabbccddeeff","name":"pdp-1"}},)"
        R"("subject":{{"id":"keycloak/user-{}","type":"user"}},"tenant":"tenant-{}","time":"{}","v":1}})",
        resolves ? "resolve" : "connect", allowed, last_id_, last_pep_,
        allowed   ? "rule-allow"
        : by_rule ? "rule-deny"
                  : "default-deny",
        host, resolves ? "" : fmt::format(R"("addresses":["23.0.0.{}"],)", skewed(random_, 250)), host,
        std::string(62, 'a'), 10 + number * 20 / 10'000'000,
        by_rule ? fmt::format(R"("policy-{}/rule-{}")", skewed(random_, 40), random_() % 5) : "", number + 1,
        session.id, session.person, session.person % 12, to_rfc3339_millis(Timestamp::from_unix_millis(millis)));
  }

 private:
  struct Session {
    std::string id;
    std::uint64_t person = 0;
  };

  std::string outcome(std::uint64_t number, std::int64_t millis) {
    const std::string time = to_rfc3339_millis(Timestamp::from_unix_millis(millis));
    return fmt::format(
        R"({{"address":"23.0.0.10","boot":"ffeeddccbbaa99887766554433221100","bytesIn":{},"bytesOut":{},"decisionId":"{}",)"
        R"("durationMillis":1830,"event":"closed","gate":"{}","kind":"outcome","received":"{}","result":"closed","seq":{},)"
        R"("source":{{"boot":"00112233445566778899aabbccddeeff","name":"pdp-1"}},"time":"{}","v":1}})",
        random_() % 1'000'000, random_() % 10'000, last_id_, last_pep_, time, number + 1, time);
  }

  std::mt19937_64 random_{20'261'125};
  std::array<Session, 400> sessions_;
  std::string last_id_, last_pep_;
};

void write_journal(const std::string& data, std::uint64_t records) {
  const auto files = make_posix_file_system();
  const auto journal = checked(Journal::open(*files, data + "/journal"));
  Workload workload;
  for (std::uint64_t at = journal->durable_end(); at < records;) {
    std::vector<std::string> batch;
    for (; batch.size() < kBatch && at < records; ++at) batch.push_back(workload.record(at));
    std::promise<Result<std::uint64_t>> done;
    journal->append(std::move(batch), Timestamp::from_unix_millis(kStart + static_cast<std::int64_t>(at) * 100),
                    [&](Result<std::uint64_t> first) { done.set_value(std::move(first)); });
    checked(done.get_future().get());
  }
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Asked {
  const char* name;
  RecordFilter filter;
};

// What an auditor asks: nothing in particular, what is frequent, what is rare, what there is not, and both of two that
// are frequent by themselves and never met together.
std::vector<Asked> questions(std::uint64_t records) {
  const auto at = [](std::uint64_t number) {
    return Timestamp::from_unix_millis(kStart + static_cast<std::int64_t>(number) * 100);
  };
  return {{"all", {}},
          {"denied", {.decision = false}},
          {"tenant", {.tenant = "tenant-3"}},
          {"host", {.host = "host-7000.example.org"}},
          {"no such host", {.host = "nowhere.example.org"}},
          {"subject and pep that never meet", {.subject = "keycloak/user-1", .pep = "egress-2"}},
          {"rule and reason that never meet", {.reason = "default-deny", .rule = "policy-1/rule-1"}},
          {"an hour long ago", {.from = at(records / 10), .until = at(records / 10 + 36'000), .decision = false}},
          {"text", {.text = "host-79"}},
          {"no such text", {.text = "no such text"}}};
}

void ask(const std::string& data, std::uint64_t records, const std::string& size) {
  constexpr int kRuns = 5;
  const auto reader = checked(open_log_reader(data));
  const std::vector<Field> fields{Field::kind,     Field::decision, Field::reason,  Field::action, Field::resource_type,
                                  Field::host,     Field::subject,  Field::session, Field::tenant, Field::rules,
                                  Field::revision, Field::pep,      Field::event};
  double slowest_page = 0, slowest_facets = 0;
  for (const auto& [name, filter] : questions(records)) {
    std::vector<double> pages, facets, histograms;
    std::uint64_t counted = 0;
    bool complete = true;
    for (int run = 0; run < kRuns; ++run) {
      auto start = Clock::now();
      checked(reader->search(filter, {}));
      pages.push_back(seconds_since(start) * 1000);
      start = Clock::now();
      const Facets found = checked(reader->facets(filter, fields, 20, Clock::now() + std::chrono::milliseconds(400)));
      facets.push_back(seconds_since(start) * 1000);
      counted = found.counted.records;
      complete &= !found.counted.since.has_value();
      start = Clock::now();
      checked(reader->histogram(filter, 300, Clock::now() + std::chrono::milliseconds(400)));
      histograms.push_back(seconds_since(start) * 1000);
    }
    slowest_page = std::max(slowest_page, median(pages));
    slowest_facets = std::max(slowest_facets, median(facets));
    std::fprintf(stderr, "  %-34s page %7.1f ms, facets %7.1f ms over %10llu records%s, histogram %7.1f ms\n", name,
                 median(pages), median(facets), static_cast<unsigned long long>(counted),
                 complete ? "" : " (stopped at the deadline)", median(histograms));
  }
  print("console.first_page", slowest_page, "ms", size + ", slowest of the filters, median of 5");
  print("console.facets", slowest_facets, "ms", size + ", slowest of the filters, median of 5");
}

int run(const std::string& data, std::uint64_t records) {
  const std::string size = "records=" + std::to_string(records);
  std::filesystem::create_directories(data);
  const auto files = make_posix_file_system();
  if (checked(read_durable_end(*files, data + "/journal")) < records) write_journal(data, records);
  if (std::getenv("LOG_BENCH_KEEP_INDEX") == nullptr) {
    const auto start = Clock::now();
    checked(reindex(data));
    print("journal.index_rate", static_cast<double>(records) / seconds_since(start), "rows/s", size);
  }
  ask(data, records, size);
  return 0;
}

}  // namespace
}  // namespace portreeve::storage

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: log_bench DIR RECORDS\n");
    return 2;
  }
  return portreeve::storage::run(argv[1], std::strtoull(argv[2], nullptr, 10));
}
