#include "accounting/price/price_book.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

constexpr std::int64_t wire::UsageCounters::*kCounters[kPricedCounters] = {
    &wire::UsageCounters::input,          &wire::UsageCounters::cache_read,  &wire::UsageCounters::cache_write_5m,
    &wire::UsageCounters::cache_write_1h, &wire::UsageCounters::input_audio, &wire::UsageCounters::output,
    &wire::UsageCounters::reasoning,      &wire::UsageCounters::output_audio};
constexpr std::string_view kCounterNames[kPricedCounters] = {"input",      "cacheRead", "cacheWrite5m", "cacheWrite1h",
                                                             "inputAudio", "output",    "reasoning",    "outputAudio"};

bool anything_used(const wire::UsageCounters& counters) {
  const auto positive = [&](const auto member) { return counters.*member > 0; };
  return std::any_of(std::begin(kCounters), std::end(kCounters), positive) ||
         std::any_of(counters.tools.begin(), counters.tools.end(), [](const auto& tool) { return tool.second > 0; });
}

bool applies(const PriceRow& row, Timestamp time, std::string_view tier, std::int64_t context) {
  return time >= row.from && (!row.until || time < *row.until) &&
         std::find(row.tiers.begin(), row.tiers.end(), tier) != row.tiers.end() && context > row.context_above &&
         (!row.context_up_to || context <= *row.context_up_to);
}

Charge unpriced(std::string why) { return {PriceState::unpriced, 0, {}, std::move(why)}; }

Charge charge_by(const PriceRow& row, const wire::UsageCounters& counters) {
  std::int64_t sum = 0;
  const auto add = [&sum](std::int64_t count, std::int64_t price) {
    const auto part = multiplied(count, price);
    const auto total = part ? added(sum, *part) : std::nullopt;
    sum = total.value_or(sum);
    return total.has_value();
  };
  const auto too_much = [&row] { return unpriced(fmt::format("row `{}`: more than an amount holds", row.id)); };
  for (std::size_t i = 0; i < kPricedCounters; ++i) {
    const std::int64_t count = counters.*kCounters[i];
    if (count == 0) continue;
    if (!row.token_prices[i]) return unpriced(fmt::format("row `{}` has no price for {}", row.id, kCounterNames[i]));
    if (!add(count, *row.token_prices[i])) return too_much();
  }
  for (const auto& [tool, count] : counters.tools) {
    if (count == 0) continue;
    const auto price = row.tool_prices.find(tool);
    if (price == row.tool_prices.end()) {
      return unpriced(fmt::format("row `{}` has no price for the tool `{}`", row.id, printable(tool)));
    }
    if (!add(count, price->second)) return too_much();
  }
  return {PriceState::priced, sum, row.id, {}};
}

}  // namespace

std::string_view to_text(PriceState state) {
  switch (state) {
    case PriceState::unmetered:
      return "unmetered";
    case PriceState::unknown:
      return "unknown";
    case PriceState::unpriced:
      return "unpriced";
    case PriceState::priced:
      return "priced";
  }
  return "unpriced";
}

std::string normal_tier(std::string_view tier) {
  if (tier.empty() || tier == "default") return "standard";
  return to_lower_ascii(tier);
}

void PriceBook::make_index() {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (const std::string& model : rows_[i].models) index_[rows_[i].provider][model].push_back(i);
  }
}

Charge PriceBook::rate(const Rateable& usage) const {
  if (usage.api == wire::UsageApi::none) return {PriceState::unmetered, 0, {}, {}};
  if (usage.certainty == wire::UsageCertainty::unknown) return {PriceState::unknown, 0, {}, {}};
  if (!anything_used(usage.counters)) return {PriceState::priced, 0, {}, {}};
  const auto patterns = index_.find(usage.provider);
  if (patterns == index_.end()) return unpriced(fmt::format("no price of provider `{}`", printable(usage.provider)));
  const wire::UsageCounters& counters = usage.counters;
  const std::int64_t context =
      counters.input + counters.cache_read + counters.cache_write_5m + counters.cache_write_1h + counters.input_audio;
  const std::string tier = normal_tier(usage.tier);
  bool known = false;
  const auto row_for = [&](const std::string& pattern) -> const PriceRow* {
    const auto rows = patterns->second.find(pattern);
    if (rows == patterns->second.end()) return nullptr;
    known = true;
    for (const std::size_t row : rows->second) {
      if (applies(rows_[row], usage.time, tier, context)) return &rows_[row];
    }
    return nullptr;
  };
  const PriceRow* row = row_for(std::string(usage.model));
  for (std::size_t length = usage.model.size(); row == nullptr && length > 0; --length) {
    row = row_for(std::string(usage.model.substr(0, length)) + "*");
  }
  if (row != nullptr) return charge_by(*row, counters);
  return unpriced(
      fmt::format("no price of model `{}`{}", printable(usage.model), known ? " for this time, tier and context" : ""));
}

}  // namespace portreeve::accounting
