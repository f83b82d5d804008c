#include "accounting/price/price_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace portreeve::accounting {
namespace {

using testing::HasSubstr;
using wire::UsageCounters;

const Timestamp kNow = Timestamp::parse("2026-06-01T00:00:00Z").value();

std::string row_text(const std::string& id, const std::string& rest) {
  return "    - {id: " + id + ", provider: p, from: \"2026-01-01T00:00:00Z\", invented: true, " + rest + "}\n";
}
std::string book_text(const std::string& rows) {
  return "apiVersion: portreeve/v1\nkind: PriceBook\nmetadata: {name: test}\nspec:\n  currency: USD\n  prices:\n" +
         rows;
}
PriceBook book_of(const std::string& rows) {
  auto book = PriceBook::parse(book_text(rows), "book.yaml");
  for (const Diagnostic& error : book ? std::vector<Diagnostic>() : book.error()) ADD_FAILURE() << to_text(error);
  return book ? *book : PriceBook();
}

struct Asked {
  std::string provider = "p";
  std::string model = "m";
  std::string tier;
  Timestamp time = kNow;
  wire::UsageApi api = wire::UsageApi::anthropic_messages;
  wire::UsageCertainty certainty = wire::UsageCertainty::reported;
};
Charge rate(const PriceBook& book, const UsageCounters& counters, const Asked& asked = {}) {
  return book.rate({asked.api, asked.certainty, asked.provider, asked.model, asked.tier, asked.time, counters});
}
UsageCounters tokens(std::int64_t input, std::int64_t output) {
  UsageCounters counters;
  counters.input = input;
  counters.output = output;
  return counters;
}

TEST(PriceBook, ChargesEachCounterByItsPrice) {
  const PriceBook book = book_of(row_text(
      "r",
      "models: [m], perMillion: {input: '3', cacheRead: 0.30, cacheWrite5m: 3.75, cacheWrite1h: 6, inputAudio: 40, "
      "output: 15, reasoning: 16, outputAudio: 80}, perThousand: {web_search: 10}"));
  UsageCounters counters;
  counters.input = 1;
  counters.cache_read = 10;
  counters.cache_write_5m = 100;
  counters.cache_write_1h = 1'000;
  counters.input_audio = 10'000;
  counters.output = 100'000;
  counters.reasoning = 1'000'000;
  counters.output_audio = 10'000'000;
  counters.tools["web_search"] = 3;
  const Charge charge = rate(book, counters);
  EXPECT_EQ(to_text(charge.state), "priced") << charge.why;
  EXPECT_EQ(charge.row, "r");
  const std::int64_t expected = 3'000'000LL + 10 * 300'000LL + 100 * 3'750'000LL + 1'000 * 6'000'000LL +
                                10'000 * 40'000'000LL + 100'000 * 15'000'000LL + 1'000'000 * 16'000'000LL +
                                10'000'000 * 80'000'000LL + 3 * 10'000'000'000LL;
  EXPECT_EQ(charge.pico, expected);
  EXPECT_EQ(rate(book, counters), charge) << "rated again, it costs the same";
}

TEST(PriceBook, WhatHasNoPriceIsUnpricedAndNeverFree) {
  const PriceBook book = book_of(row_text("r", "models: [m], perMillion: {input: '1', output: '0'}"));
  UsageCounters cached = tokens(1, 1);
  cached.cache_read = 1;
  UsageCounters searched = tokens(1, 1);
  searched.tools["web_search"] = 1;
  UsageCounters not_searched = tokens(1, 1);
  not_searched.tools["web_search"] = 0;
  const auto asked = [](auto change) {
    Asked out;
    change(out);
    return out;
  };
  const struct {
    const char* name;
    UsageCounters counters;
    Asked asked;
    const char* state;
    const char* why;
  } kCases[] = {
      {"known", tokens(1, 1), {}, "priced", ""},
      {"a price of zero is a price", tokens(0, 5), {}, "priced", ""},
      {"nothing used, whatever the model", tokens(0, 0), asked([](Asked& a) { a.model = "new"; }), "priced", ""},
      {"unknown model", tokens(1, 0), asked([](Asked& a) { a.model = "m2"; }), "unpriced", "no price of model `m2`"},
      {"no model", tokens(1, 0), asked([](Asked& a) { a.model = ""; }), "unpriced", "no price of model ``"},
      {"unknown provider", tokens(1, 0), asked([](Asked& a) { a.provider = "q"; }), "unpriced",
       "no price of provider `q`"},
      {"a counter without a price", cached, {}, "unpriced", "row `r` has no price for cacheRead"},
      {"a tool without a price", searched, {}, "unpriced", "row `r` has no price for the tool `web_search`"},
      {"a tool not used", not_searched, {}, "priced", ""},
      {"another tier", tokens(1, 1), asked([](Asked& a) { a.tier = "priority"; }), "unpriced",
       "no price of model `m` for this time, tier and context"},
      {"the standard tier's names", tokens(1, 1), asked([](Asked& a) { a.tier = "default"; }), "priced", ""},
      {"before it holds", tokens(1, 1),
       asked([](Asked& a) { a.time = Timestamp::parse("2025-12-31T23:59:59Z").value(); }), "unpriced", nullptr},
      {"usage that nobody knows", tokens(0, 0), asked([](Asked& a) { a.certainty = wire::UsageCertainty::unknown; }),
       "unknown", ""},
      {"no model API", tokens(0, 0), asked([](Asked& a) { a.api = wire::UsageApi::none; }), "unmetered", ""},
      {"more than an amount holds", tokens(10'000'000'000, 0), {}, "priced", ""},
  };
  for (const auto& row : kCases) {
    const Charge charge = rate(book, row.counters, row.asked);
    EXPECT_EQ(to_text(charge.state), row.state) << row.name;
    if (row.why != nullptr && charge.state == PriceState::unpriced) {
      EXPECT_THAT(charge.why, HasSubstr(row.why)) << row.name;
    }
    if (charge.state != PriceState::priced) {
      EXPECT_EQ(charge.pico, 0) << row.name;
    }
  }
  EXPECT_EQ(to_text(rate(PriceBook(), tokens(1, 1)).state), "unpriced");
}

TEST(PriceBook, AnOverflowIsUnpriced) {
  const PriceBook book = book_of(row_text("r", "models: [m], perMillion: {input: '1000000', output: '1000000'}"));
  EXPECT_EQ(rate(book, tokens(9'000'000, 0)).pico, 9'000'000 * 1'000'000'000'000LL);
  EXPECT_EQ(rate(book, tokens(9'000'000, 9'000'000)).why, "row `r`: more than an amount holds");
  EXPECT_EQ(rate(book, tokens(10'000'000'000, 0)).why, "row `r`: more than an amount holds");
}

TEST(PriceBook, ChoosesByContextAtTheThreshold) {
  const PriceBook book = book_of(
      row_text("short", "models: [m], contextUpTo: 200000, perMillion: {input: '3', cacheRead: '1', output: '15'}") +
      row_text("long", "models: [m], contextAbove: 200000, perMillion: {input: '6', cacheRead: '2', output: '22.5'}"));
  for (const auto& [input, row] : {std::pair{199'999, "short"}, {200'000, "short"}, {200'001, "long"}}) {
    EXPECT_EQ(rate(book, tokens(input, 7)).row, row) << input;
    // All input counts, of whatever kind; output does not.
    UsageCounters cached = tokens(1, 900'000);
    cached.cache_read = input - 1;
    EXPECT_EQ(rate(book, cached).row, row) << input;
  }
}

TEST(PriceBook, ChoosesByTimeTierAndTheMostExactName) {
  const PriceBook book = book_of(
      "    - {id: old, provider: p, models: [m], from: '2026-01-01T00:00:00Z', until: '2026-03-01T00:00:00Z', "
      "invented: true, "
      "perMillion: {input: 1}}\n"
      "    - {id: new, provider: p, models: [m], from: '2026-03-01T00:00:00Z', invented: true, perMillion: {input: "
      "2}}\n"
      "    - {id: fast, provider: p, models: [m], tiers: [priority], from: '2026-03-01T00:00:00Z', invented: true, "
      "perMillion: {input: 4}}\n"
      "    - {id: family, provider: p, models: ['m-*'], from: '2026-01-01T00:00:00Z', invented: true, perMillion: "
      "{input: 8}}\n"
      "    - {id: branch, provider: p, models: ['m-large-*'], from: '2026-01-01T00:00:00Z', invented: true, "
      "perMillion: {input: 16}}\n"
      "    - {id: exact, provider: p, models: [m-large-2], from: '2026-01-01T00:00:00Z', invented: true, "
      "perMillion: {input: 32}}\n");
  const auto row_at = [&](const std::string& model, const std::string& tier, const char* time) {
    return rate(book, tokens(1, 0), {"p", model, tier, Timestamp::parse(time).value()}).row;
  };
  EXPECT_EQ(row_at("m", "", "2026-02-28T23:59:59Z"), "old");
  EXPECT_EQ(row_at("m", "", "2026-03-01T00:00:00Z"), "new");
  EXPECT_EQ(row_at("m", "Priority", "2026-03-01T00:00:00Z"), "fast");
  EXPECT_EQ(row_at("m-small", "", "2026-03-01T00:00:00Z"), "family");
  EXPECT_EQ(row_at("m-large-1", "", "2026-03-01T00:00:00Z"), "branch");
  EXPECT_EQ(row_at("m-large-2", "", "2026-03-01T00:00:00Z"), "exact");
  EXPECT_EQ(row_at("m-", "", "2026-03-01T00:00:00Z"), "family");
  EXPECT_EQ(row_at("mm", "", "2026-03-01T00:00:00Z"), "");
}

TEST(PriceBook, RefusesWhatItDoesNotUnderstand) {
  const std::string good = "models: [m], perMillion: {input: '1'}";
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } kCases[] = {
      {"empty", "", "empty document"},
      {"no mapping", "- a", "a PriceBook is no mapping"},
      {"two documents", book_text(row_text("r", good)) + "---\na: b\n", "more than one document"},
      {"unknown key", book_text(row_text("r", good + ", perMilion: {}")), "did you mean `perMillion`?"},
      {"key twice", book_text(row_text("r", good + ", models: [n]")), "`models` stands twice"},
      {"an alias", "a: &x b\nc: *x\n", "an anchor"},
      {"a cyclic alias", "a: &x [*x]\n", "an anchor"},
      {"a tag", book_text(row_text("r", "models: !!set [m], perMillion: {input: '1'}")), "the tag"},
      {"no prices", book_text(row_text("r", "models: [m]")), "has no `perMillion`"},
      {"prices empty", book_text(row_text("r", "models: [m], perMillion: {}")), "`perMillion` is empty"},
      {"unknown counter", book_text(row_text("r", "models: [m], perMillion: {inputs: 1}")), "did you mean `input`?"},
      {"a float", book_text(row_text("r", "models: [m], perMillion: {input: 3e-06}")), "no decimal number"},
      {"too exact", book_text(row_text("r", "models: [m], perMillion: {input: 0.0000001}")), "6 are exact"},
      {"negative", book_text(row_text("r", "models: [m], perMillion: {input: -1}")), "no decimal number"},
      {"null", book_text(row_text("r", "models: [m], perMillion: {input: }")), "no decimal number"},
      {"no models", book_text(row_text("r", "models: [], perMillion: {input: 1}")), "no list of one or more"},
      {"everything", book_text(row_text("r", "models: ['*'], perMillion: {input: 1}")), "at the end of a name"},
      {"star inside", book_text(row_text("r", "models: ['m*x'], perMillion: {input: 1}")), "at the end of a name"},
      {"same id", book_text(row_text("r", good) + row_text("r", "models: [n], perMillion: {input: 1}")),
       "id `r` stands twice"},
      {"overlap", book_text(row_text("r", good) + row_text("s", good)), "`r` and `s` both apply to `m`"},
      {"overlapping contexts",
       book_text(row_text("r", good + ", contextUpTo: 10") + row_text("s", good + ", contextAbove: 9")),
       "`r` and `s` both apply to `m`"},
      {"a context that nothing has", book_text(row_text("r", good + ", contextAbove: 9, contextUpTo: 9")),
       "not above `contextAbove`"},
      {"neither sourced nor invented",
       book_text("    - {id: r, provider: p, models: [m], from: '2026-01-01T00:00:00Z', perMillion: {input: 1}}\n"),
       "names its `source`"},
      {"sourced and invented", book_text(row_text("r", good + ", source: x, retrieved: '2026-01-01'")),
       "names its `source`"},
      {"until before from", book_text(row_text("r", good + ", until: '2025-01-01T00:00:00Z'")),
       "`until` is not after `from`"},
      {"another currency",
       "apiVersion: portreeve/v1\nkind: PriceBook\nmetadata: {name: x}\nspec: {currency: EUR, prices: []}",
       "currency `EUR`"},
      {"another kind", "apiVersion: portreeve/v1\nkind: Role\nmetadata: {name: x}\nspec: {}", "kind `Role`"},
      {"not UTF-8", "a: \xff", "not UTF-8"},
      {"deep", std::string(100, '['), "nested deeper"},
      {"broken", "a: [b", ""},
      {"a tab", "a:\n\t- b\n", ""},
  };
  for (const auto& row : kCases) {
    const auto book = PriceBook::parse(row.text, "book.yaml");
    ASSERT_FALSE(book) << row.name;
    std::string all;
    for (const Diagnostic& error : book.error()) all += to_text(error) + "\n";
    EXPECT_THAT(all, HasSubstr(row.message)) << row.name;
    EXPECT_THAT(all, HasSubstr("book.yaml")) << row.name;
  }
}

TEST(PriceBook, AnErrorNamesItsPlace) {
  const auto book = PriceBook::parse(
      book_text("    - id: r\n      models: [m]\n      perMillion:\n        input: 1.1234567\n"), "book.yaml");
  ASSERT_FALSE(book);
  std::string all;
  for (const Diagnostic& error : book.error()) all += to_text(error) + "\n";
  EXPECT_THAT(all, HasSubstr("book.yaml:10:16: error: `1.1234567` has 7 decimals; 6 are exact")) << all;
}

TEST(PriceBook, TheSampleLoadsUnderTheDigestOfItsBytes) {
  std::ifstream file(PORTREEVE_SOURCE_DIR "/accounting/prices/sample.yaml", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto book = PriceBook::parse(text, "sample.yaml");
  ASSERT_TRUE(book) << to_text(book.error().front());
  EXPECT_EQ(book->digest().substr(0, 7), "sha256:");
  EXPECT_EQ(book->digest().size(), 71u);
  const auto changed = PriceBook::parse(text + "# another\n", "sample.yaml");
  EXPECT_NE(changed->digest(), book->digest());
  const Charge charge = rate(*book, tokens(1'000'000, 1'000'000), {"anthropic", "claude-haiku-4-5-20251001", ""});
  EXPECT_EQ(to_text(Money{charge.pico}), "6.00") << charge.why;
}

}  // namespace
}  // namespace portreeve::accounting
