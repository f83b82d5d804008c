#include "accounting/price/price_book.h"

#include "tests/fuzz/input.h"

// What is accepted prices the same call the same way twice, and never with less than nothing.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const auto book = accounting::PriceBook::parse(as_text(data, size), "fuzz.yaml");
  if (!book) {
    CHECK(!book.error().empty());
    return 0;
  }
  for (const accounting::PriceRow& row : book->rows()) {
    wire::UsageCounters counters;
    counters.input = 1'000'000;
    counters.output = 7;
    const accounting::Rateable usage{wire::UsageApi::openai_chat,
                                     wire::UsageCertainty::reported,
                                     row.provider,
                                     row.models.front(),
                                     row.tiers.front(),
                                     row.from,
                                     counters};
    const accounting::Charge charge = book->rate(usage);
    CHECK(charge == book->rate(usage));
    CHECK(charge.pico >= 0);
    CHECK(charge.state == accounting::PriceState::priced || charge.state == accounting::PriceState::unpriced);
  }
  return 0;
}
