// What a call costs: rows of prices, in force at a time, for a model, a service tier and a size of context.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "accounting/price/money.h"
#include "engine/base/diagnostic.h"
#include "engine/base/time.h"
#include "engine/wire/usage_event.h"

namespace portreeve::accounting {

// The counters that have a price, in the order of wire::UsageCounters.
inline constexpr std::size_t kPricedCounters = 8;

struct PriceRow {
  std::string id;
  std::string provider;
  std::vector<std::string> models;            // exact, or ending in `*`: everything that begins so
  Timestamp from;                             // in force from here on
  std::optional<Timestamp> until;             // up to, not including
  std::vector<std::string> tiers;             // `standard` where the document names none
  std::int64_t context_above = -1;            // for calls with more input of all kinds than this
  std::optional<std::int64_t> context_up_to;  // and at most this
  // Pico-dollars a token, or a use; absent: this row has no price for it.
  std::array<std::optional<std::int64_t>, kPricedCounters> token_prices;
  std::map<std::string, std::int64_t> tool_prices;
};

// What is rated: everything that a charge may depend on.
struct Rateable {
  wire::UsageApi api = wire::UsageApi::none;
  wire::UsageCertainty certainty = wire::UsageCertainty::unknown;
  std::string_view provider;
  std::string_view model;  // what answered, where that is known
  std::string_view tier;   // empty, `default` and `standard` are one
  Timestamp time;
  const wire::UsageCounters& counters;
};

// `unmetered`: nothing that has a price was called. `unknown`: usage that nobody knows. `unpriced`: usage without a
// price; it costs something, nobody knows what. `priced`: it cost this.
enum class PriceState : std::uint8_t { unmetered, unknown, unpriced, priced };
std::string_view to_text(PriceState state);

struct Charge {
  PriceState state = PriceState::unknown;
  std::int64_t pico = 0;  // of `priced` only
  std::string row;        // of `priced`, where anything was used
  std::string why;        // of `unpriced`
  friend bool operator==(const Charge&, const Charge&) = default;
};

class PriceBook {
 public:
  // Without rows: everything is unpriced.
  PriceBook() = default;

  // Reads a PriceBook document (docs/accounting.md): all errors at once, at most limits::kDiagnostics. Rows that could
  // both apply to one call are an error, so that their order never matters.
  static tl::expected<PriceBook, std::vector<Diagnostic>> parse(std::string_view text, const std::string& file);

  // A function of its arguments and of nothing else: rated again, the same usage costs the same. The exact name of a
  // model goes before the longest beginning. Where a part of the usage has no price, all of it is unpriced. Any thread.
  Charge rate(const Rateable& usage) const;

  const std::string& name() const { return name_; }
  const std::string& digest() const { return digest_; }  // `sha256:…` of the document; empty without one
  const std::string& text() const { return text_; }
  const std::vector<PriceRow>& rows() const { return rows_; }

 private:
  friend class PriceBookReader;
  void make_index();

  std::string name_;
  std::string digest_;
  std::string text_;
  std::vector<PriceRow> rows_;
  // By provider: patterns with the rows that have them.
  using Patterns = std::map<std::string, std::vector<std::size_t>, std::less<>>;
  std::map<std::string, Patterns, std::less<>> index_;
};

// The service tier's one name: lower case; `standard` for what providers also call `default`, or do not name.
std::string normal_tier(std::string_view tier);

}  // namespace portreeve::accounting
