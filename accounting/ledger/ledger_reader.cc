#include "accounting/ledger/ledger_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <variant>

#include "accounting/ledger/database.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

constexpr std::int64_t kDayMillis = 86'400'000;
// A cost may fill an int64, and so would overflow SQLite's sum: two sums of parts that do not.
constexpr std::int64_t kCostParts = 1'000'000'000;

struct DimensionName {
  Dimension dimension;
  std::string_view name;
  std::string_view expression;  // over `calls`
};
// The tag's expression is over json_each(tags) as `tag`.
constexpr std::string_view kTagLabel =
    "coalesce(tag.key || CASE WHEN tag.value = '' THEN '' ELSE '=' || tag.value END, '')";
constexpr DimensionName kDimensions[] = {
    {Dimension::tenant, "tenant", "tenant"},       {Dimension::subject, "subject", "subject"},
    {Dimension::session, "session", "session"},    {Dimension::model, "model", "billed_model"},
    {Dimension::provider, "provider", "provider"}, {Dimension::tag, "tag", kTagLabel},
    {Dimension::day, "day", "time / 86400000"}};

const DimensionName& row_of(Dimension dimension) {
  for (const DimensionName& row : kDimensions) {
    if (row.dimension == dimension) return row;
  }
  return kDimensions[0];
}

// What read_sums() reads; `sum` is NULL over nothing.
std::string sums_text() {
  std::string out = "count(*)";
  for (const char* column :
       {"input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "output", "reasoning", "output_audio",
        "cost / 1000000000", "cost % 1000000000", "price_state = 2", "price_state = 1", "certainty = 1", "disputed"}) {
    out += fmt::format(", coalesce(sum({}), 0)", column);
  }
  return out;
}

Sums read_sums(SQLite::Statement& statement, int at) {
  const auto number = [&] { return statement.getColumn(at++).getInt64(); };
  Sums sums;
  sums.calls = number();
  wire::UsageCounters& counters = sums.counters;
  for (std::int64_t* count : {&counters.input, &counters.cache_read, &counters.cache_write_5m, &counters.cache_write_1h,
                              &counters.input_audio, &counters.output, &counters.reasoning, &counters.output_audio}) {
    *count = number();
  }
  const Int128 high = number();
  sums.cost.pico = high * kCostParts + number();
  sums.unpriced = number();
  sums.unknown = number();
  sums.estimated = number();
  sums.disputed = number();
  return sums;
}

std::string day_text(std::int64_t day) {
  return to_rfc3339(Timestamp::from_unix_millis(day * kDayMillis)).substr(0, 10);
}

// A WHERE clause and what its places are bound to.
class Where {
 public:
  static Result<Where> of(const Selection& selection) {
    Where where;
    if (selection.from) where.add("time >= ?", selection.from->unix_millis());
    if (selection.to) where.add("time < ?", selection.to->unix_millis());
    if (selection.only_tenant) where.add("tenant = ?", *selection.only_tenant);
    for (const auto& [dimension, value] : selection.where) {
      if (dimension == Dimension::day) {
        const auto day = Timestamp::parse(value + "T00:00:00Z");
        if (!day) return fail("`day` is no date, like `2026-01-31`");
        where.add("time >= ?", day->unix_millis());
        where.add("time < ?", day->unix_millis() + kDayMillis);
      } else if (dimension == Dimension::tag && value.empty()) {
        where.add("tags = ''");
      } else if (dimension == Dimension::tag) {
        where.add(
            fmt::format("tags <> '' AND EXISTS (SELECT 1 FROM json_each(calls.tags) tag WHERE {} = ?)", kTagLabel),
            value);
      } else {
        where.add(fmt::format("{} = ?", row_of(dimension).expression), value);
      }
    }
    return where;
  }
  template <class... Values>
  void add(std::string_view condition, Values... values) {
    text_ += fmt::format("{}({})", text_.empty() ? " WHERE " : " AND ", condition);
    (values_.emplace_back(std::move(values)), ...);
  }
  const std::string& text() const { return text_; }
  int bind(SQLite::Statement& statement) const {
    int at = 1;
    for (const auto& value : values_) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        statement.bind(at++, *number);
      } else {
        statement.bind(at++, std::get<std::string>(value));
      }
    }
    return at;
  }

 private:
  std::string text_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

}  // namespace

std::string_view to_text(Dimension dimension) { return row_of(dimension).name; }
std::optional<Dimension> dimension_from_text(std::string_view text) {
  for (const DimensionName& row : kDimensions) {
    if (row.name == text) return row.dimension;
  }
  return std::nullopt;
}

class LedgerReader::Impl {
 public:
  explicit Impl(const std::string& path) : database_(open_ledger_read_only(path)) {}

  Result<Report> report(Dimension by, const Selection& selection, std::size_t limit) {
    TRY_ASSIGN(const Where where, Where::of(selection));
    return adapted("reading the ledger", [&]() -> Result<Report> {
      // One snapshot for the rows and their totals.
      SQLite::Transaction snapshot(*database_);
      Report report;
      report.by = by;
      report.totals = totals(where);
      const std::string key(row_of(by).expression);
      const std::string from = source(by);
      {
        SQLite::Statement count(*database_,
                                fmt::format("SELECT count(DISTINCT {}) FROM {}{}", key, from, where.text()));
        where.bind(count);
        count.executeStep();
        report.left_out = std::max<std::int64_t>(0, count.getColumn(0).getInt64() - static_cast<std::int64_t>(limit));
      }
      SQLite::Statement rows(
          *database_,
          fmt::format("SELECT {0} AS by_key, {1} FROM {2}{3} GROUP BY by_key "
                      "ORDER BY sum(cost / 1000000000) DESC, sum(cost % 1000000000) DESC, count(*) DESC, by_key "
                      "LIMIT ?",
                      key, sums_text(), from, where.text()));
      rows.bind(where.bind(rows), static_cast<std::int64_t>(limit));
      std::map<std::string, std::size_t> place;
      while (rows.executeStep()) {
        ReportRow row;
        row.key = by == Dimension::day ? day_text(rows.getColumn(0).getInt64()) : rows.getColumn(0).getString();
        row.sums = read_sums(rows, 1);
        place[row.key] = report.rows.size();
        report.rows.push_back(std::move(row));
      }
      add_tools(by, where, report, place);
      return report;
    });
  }

  Result<CallPage> calls(const Selection& selection, const std::string& after, std::size_t limit) {
    TRY_ASSIGN(Where where, Where::of(selection));
    if (!after.empty()) {
      const auto cursor = read_cursor(after);
      if (!cursor) return fail(std::string(kBadCursor));
      where.add("(time, calls.id) > (?, ?)", cursor->first, cursor->second);
    }
    return adapted("reading the ledger", [&]() -> Result<CallPage> {
      SQLite::Statement rows(*database_, call_query(where.text() + " ORDER BY time, calls.id LIMIT ?"));
      rows.bind(where.bind(rows), static_cast<std::int64_t>(limit) + 1);
      CallPage page;
      while (rows.executeStep()) {
        if (page.calls.size() == limit) {
          const Call& last = page.calls.back();
          page.next = fmt::format("{}-{}", last.event.time.unix_millis(), last.id);
          break;
        }
        page.calls.push_back(read_call(rows, 0));
      }
      return page;
    });
  }

  Result<std::optional<CallWithEvents>> call(std::int64_t id, const std::optional<std::string>& only_tenant) {
    return adapted("reading the ledger", [&]() -> Result<std::optional<CallWithEvents>> {
      SQLite::Transaction snapshot(*database_);
      SQLite::Statement row(*database_, call_query(" WHERE calls.id = ?"));
      row.bind(1, id);
      if (!row.executeStep()) return std::optional<CallWithEvents>();
      CallWithEvents out{read_call(row, 0), {}};
      if (only_tenant && out.call.event.tenant != *only_tenant) return std::optional<CallWithEvents>();
      SQLite::Statement events(*database_,
                               "SELECT source, standing, received, body FROM events WHERE call = ? ORDER BY id");
      events.bind(1, id);
      while (events.executeStep()) {
        out.events.push_back(
            {static_cast<Source>(events.getColumn(0).getInt()), static_cast<Standing>(events.getColumn(1).getInt()),
             Timestamp::from_unix_millis(events.getColumn(2).getInt64()), events.getColumn(3).getString()});
      }
      return std::optional(std::move(out));
    });
  }

 private:
  static std::string source(Dimension by) {
    if (by != Dimension::tag) return "calls";
    return "calls LEFT JOIN json_each(CASE WHEN calls.tags = '' THEN '{}' ELSE calls.tags END) tag";
  }
  static std::string call_query(const std::string& rest) {
    std::string columns;
    std::string_view left = kCallColumns;
    while (!left.empty()) {
      const std::size_t comma = left.find(", ");
      columns += ", calls." + std::string(left.substr(0, comma));
      left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 2);
    }
    return fmt::format(
        "SELECT calls.id{}, coalesce(price_books.digest, '') FROM calls "
        "LEFT JOIN price_books ON price_books.id = calls.price_book{}",
        columns, rest);
  }
  static std::optional<std::pair<std::int64_t, std::int64_t>> read_cursor(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    std::pair<std::int64_t, std::int64_t> out;
    const auto read = [](std::string_view part, std::int64_t& value) {
      const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
      return failed == std::errc() && end == part.data() + part.size() && value >= 0;
    };
    if (!read(text.substr(0, dash), out.first) || !read(text.substr(dash + 1), out.second)) return std::nullopt;
    return out;
  }

  Sums totals(const Where& where) {
    SQLite::Statement sums(*database_, fmt::format("SELECT {} FROM calls{}", sums_text(), where.text()));
    where.bind(sums);
    sums.executeStep();
    Sums out = read_sums(sums, 0);
    Where with_tools = where;
    with_tools.add("tools <> ''");
    SQLite::Statement tools(
        *database_,
        fmt::format("SELECT tool.key, sum(tool.value) FROM calls JOIN json_each(calls.tools) tool{} GROUP BY 1",
                    with_tools.text()));
    with_tools.bind(tools);
    while (tools.executeStep()) out.counters.tools[tools.getColumn(0).getString()] = tools.getColumn(1).getInt64();
    return out;
  }

  void add_tools(Dimension by, const Where& where, Report& report, const std::map<std::string, std::size_t>& place) {
    Where with_tools = where;
    with_tools.add("tools <> ''");
    SQLite::Statement tools(
        *database_, fmt::format("SELECT {} AS by_key, tool.key, sum(tool.value) FROM {} JOIN json_each(calls.tools) "
                                "tool{} GROUP BY by_key, 2",
                                row_of(by).expression, source(by), with_tools.text()));
    with_tools.bind(tools);
    while (tools.executeStep()) {
      const std::string key =
          by == Dimension::day ? day_text(tools.getColumn(0).getInt64()) : tools.getColumn(0).getString();
      const auto row = place.find(key);
      if (row == place.end()) continue;
      report.rows[row->second].sums.counters.tools[tools.getColumn(1).getString()] = tools.getColumn(2).getInt64();
    }
  }

  std::unique_ptr<SQLite::Database> database_;
};

LedgerReader::LedgerReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LedgerReader::~LedgerReader() = default;

Result<std::unique_ptr<LedgerReader>> LedgerReader::open(const std::string& path) {
  return adapted("opening the ledger `" + path + "`", [&]() -> Result<std::unique_ptr<LedgerReader>> {
    return std::unique_ptr<LedgerReader>(new LedgerReader(std::make_unique<Impl>(path)));
  });
}

Result<Report> LedgerReader::report(Dimension by, const Selection& selection, std::size_t limit) {
  return impl_->report(by, selection, limit);
}
Result<CallPage> LedgerReader::calls(const Selection& selection, const std::string& after, std::size_t limit) {
  return impl_->calls(selection, after, limit);
}
Result<std::optional<CallWithEvents>> LedgerReader::call(std::int64_t id,
                                                         const std::optional<std::string>& only_tenant) {
  return impl_->call(id, only_tenant);
}

}  // namespace portreeve::accounting
