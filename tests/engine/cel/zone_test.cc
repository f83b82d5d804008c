// Time zones: known instants, a slow twin (the C library), hostile bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

#include "tests/engine/cel/support.h"

namespace portreeve::cel {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Zone, KnowsFixedOffsets) {
  const std::pair<const char*, int> rows[] = {{"UTC", 0},       {"Z", 0},        {"+00:00", 0},      {"-00:00", 0},
                                              {"+02:00", 7200}, {"02:00", 7200}, {"-09:30", -34200}, {"+23:59", 86340}};
  for (const auto& [name, offset] : rows) {
    const auto zone = Zone::fixed(name);
    ASSERT_TRUE(zone) << name;
    EXPECT_EQ(zone->offset_at(0), offset) << name;
  }
  for (const char* name :
       {"", "utc", "+2:00", "+02", "+0200", "+24:00", "+02:60", "Europe/Berlin", "+02:00 ", "--02:0", "+-2:00"}) {
    EXPECT_FALSE(Zone::fixed(name)) << name;
  }
}

TEST(Zone, ChangesTheClockAtTheSecond) {
  if (zone_bytes("Europe/Berlin").empty()) GTEST_SKIP() << "no zone files here";
  struct Row {
    const char* zone;
    const char* time;
    int hour;
  };
  const Row rows[] = {
      {"Europe/Berlin", "2024-03-31T00:59:59Z", 1},     {"Europe/Berlin", "2024-03-31T01:00:00Z", 3},
      {"Europe/Berlin", "2024-10-27T00:59:59Z", 2},     {"Europe/Berlin", "2024-10-27T01:00:00Z", 2},
      {"Europe/Berlin", "2024-10-27T01:59:59Z", 2},     {"Europe/Berlin", "2024-10-27T02:00:00Z", 3},
      {"America/New_York", "2024-03-10T06:59:59Z", 1},  {"America/New_York", "2024-03-10T07:00:00Z", 3},
      {"America/New_York", "2024-11-03T05:59:59Z", 1},  {"America/New_York", "2024-11-03T06:00:00Z", 1},
      {"America/New_York", "1969-12-31T23:59:59Z", 18}, {"Europe/Berlin", "1890-01-01T00:00:00Z", 0},
      {"Europe/Berlin", "2099-07-01T12:00:00Z", 14},    {"Europe/Berlin", "2099-12-01T12:00:00Z", 13},
      {"Europe/Berlin", "9999-07-01T12:00:00Z", 14},    {"Australia/Sydney", "2024-01-01T00:00:00Z", 11},
      {"Australia/Sydney", "2060-01-01T00:00:00Z", 11}, {"Australia/Sydney", "2060-07-01T00:00:00Z", 10},
      {"Asia/Kolkata", "2024-01-01T00:00:00Z", 5},      {"Etc/UTC", "2024-01-01T00:00:00Z", 0},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(evaluate(fmt::format("timestamp('{}').getHours('{}')", row.time, row.zone)), fmt::format("{}", row.hour))
        << row.time;
  }
  EXPECT_EQ(evaluate("timestamp('2009-02-13T23:31:30Z').getMinutes('Asia/Kathmandu')"), "16");
  EXPECT_EQ(evaluate("timestamp('2024-12-31T23:30:00Z').getFullYear('Europe/Berlin')"), "2025");
  EXPECT_EQ(evaluate("timestamp('2024-12-31T23:30:00Z').getDayOfYear('Europe/Berlin')"), "0");
}

TEST(Zone, ReadsPosixRules) {
  const auto at = [](std::string_view rule, std::string_view time) {
    return rule_offset_at(*parse_posix_rule(rule), Timestamp::parse(time)->unix_seconds());
  };
  EXPECT_EQ(at("UTC0", "2024-07-01T00:00:00Z"), 0);
  EXPECT_EQ(at("<-03>3", "2024-07-01T00:00:00Z"), -10800);
  EXPECT_EQ(at("IST-5:30", "2024-07-01T00:00:00Z"), 19800);
  EXPECT_EQ(at("CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T00:59:59Z"), 3600);
  EXPECT_EQ(at("CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T01:00:00Z"), 7200);
  EXPECT_EQ(at("AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-01-01T00:00:00Z"), 39600);
  EXPECT_EQ(at("AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-06-01T00:00:00Z"), 36000);
  EXPECT_EQ(at("IST-1GMT0,M10.5.0,M3.5.0/1", "2050-01-01T00:00:00Z"), 0) << "Dublin: daylight is behind";
  EXPECT_EQ(at("XXX3EDT4,0/0,J365/23", "2050-01-01T03:00:00Z"), -14400) << "RFC 8536 §3.3: daylight all year";
  EXPECT_EQ(at("XXX3EDT4,0/0,J365/23", "2050-12-31T23:00:00Z"), -14400);
  EXPECT_EQ(at("XXX0YYY,J60/0,J61/0", "2024-03-01T00:00:00Z"), 3600) << "J60 is 1 March in leap years too";
  EXPECT_EQ(at("XXX0YYY,59/0,60/0", "2024-02-29T00:00:00Z"), 3600) << "day 59 from 0 is 29 February";
  EXPECT_EQ(at("EET-2EEST,M3.4.4/50,M10.4.4/50", "2050-03-26T00:00:00Z"), 10800) << "hours beyond 24";
  for (const char* text :
       {"", "A0", "UTC", "UTC0x", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-25", "CET-1:60", "CET-1CEST,J0,J1",
        "CET-1CEST,366,1", "<CET-1", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0,", "CET-99999999999"}) {
    EXPECT_FALSE(parse_posix_rule(text)) << text;
  }
}

// The C library reads the same files with other code.
TEST(Zone, AgreesWithTheCLibrary) {
  if (zone_bytes("Europe/Berlin").empty()) GTEST_SKIP() << "no zone files here";
  constexpr unsigned kSeed = 20261124;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  std::uniform_int_distribution<std::int64_t> instants(-5'000'000'000, 9'000'000'000);
  const char* const before = std::getenv("TZ");
  const std::string saved = before ? before : "";
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca",
        "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Antarctica/Troll", "Asia/Tehran"}) {
    const auto zone = system_zone(name);
    ASSERT_TRUE(zone) << name;
    setenv("TZ", (std::string(":/usr/share/zoneinfo/") + name).c_str(), 1);
    tzset();
    const auto check = [&](std::int64_t instant) {
      const std::time_t time = instant;
      std::tm local{};
      localtime_r(&time, &local);
      EXPECT_EQ((*zone)->offset_at(instant), local.tm_gmtoff) << name << " at " << instant;
    };
    for (int i = 0; i < 2000; ++i) check(instants(random));
    for (const auto& transition : (*zone)->transitions()) {
      // Before the first transition the C library takes the first standard time, RFC 8536 type 0.
      if (transition == (*zone)->transitions().front()) continue;
      check(transition.unix_seconds - 1);
      check(transition.unix_seconds);
    }
  }
  if (before)
    setenv("TZ", saved.c_str(), 1);
  else
    unsetenv("TZ");
  tzset();
}

TEST(Zone, RefusesFilesThatAreNone) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "a TZif file ends inside its header"},
      {"TZif", "a TZif file ends inside its header"},
      {std::string(44, 'x'), "no TZif file: it does not begin with `TZif`"},
      {"TZif" + std::string(40, '\0'), "a TZif file without local time types"},
      {"TZif2" + std::string(39, '\0'), "a TZif file ends inside its header"},
      {"TZif" + std::string(40, '\xff'), "a TZif file ends inside its data"},
      {std::string(100'000, 'T'), "a TZif file of 100000 bytes; at most 65536"},
  };
  for (const auto& [bytes, message] : rows) {
    const auto zone = Zone::parse_tzif(bytes_of(bytes));
    ASSERT_FALSE(zone);
    EXPECT_EQ(zone.error().message, message);
  }
}

TEST(Zone, SurvivesEveryByteFlippedAndEveryCut) {
  const std::string good = zone_bytes("Europe/Berlin");
  if (good.empty()) GTEST_SKIP() << "no zone files here";
  ASSERT_TRUE(Zone::parse_tzif(bytes_of(good)));
  const std::int64_t instants[] = {kMinUnixSeconds, -1, 0, 1'700'000'000, 4'000'000'000, kMaxUnixSeconds};
  std::size_t accepted = 0;
  const auto look = [&](const std::string& bytes) {
    const auto zone = Zone::parse_tzif(bytes_of(bytes));
    if (!zone) return false;
    ++accepted;
    for (const std::int64_t instant : instants) {
      const std::int32_t offset = zone->offset_at(instant);
      EXPECT_LE(std::abs(offset), 100'000);
    }
    return true;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ mask);
      look(bad);
    }
  }
  EXPECT_GT(accepted, 0u) << "abbreviations and the first block may be anything";
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(look(good.substr(0, length))) << length;
  EXPECT_FALSE(look(good + "x"));
}

}  // namespace
}  // namespace portreeve::cel
