#include "accounting/report/query.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostCalls = 1000;

Result<Timestamp> read_time(std::string_view key, const std::string& text) {
  auto time = Timestamp::parse(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time) return fail(fmt::format("`{}` is no time, like `2026-01-31` or `2026-01-31T08:00:00Z`", key));
  return *time;
}

Result<std::size_t> read_limit(std::string_view text, std::size_t most) {
  std::size_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < 1 || value > most) {
    return fail(fmt::format("`limit` is 1 to {}", most));
  }
  return value;
}

// True where the parameter selects calls; it is taken then.
Result<bool> read_selection(const std::string& key, const std::string& value, Selection& selection) {
  if (key == "from" || key == "to") {
    TRY_ASSIGN(const Timestamp time, read_time(key, value));
    (key == "from" ? selection.from : selection.to) = time;
    return true;
  }
  const auto dimension = dimension_from_text(key);
  if (!dimension) return false;
  selection.where[*dimension] = value;
  return true;
}

// What every parameter has to be.
Status check(const Parameters& parameters) {
  std::set<std::string> seen;
  for (const auto& [key, value] : parameters) {
    if (!seen.insert(key).second) return fail(fmt::format("`{}` is given twice", printable(key)));
    if (value.size() > 2 * limits::kUsageTextBytes || !is_valid_utf8(value) || value.find('\0') != std::string::npos) {
      return fail(fmt::format("`{}` is no text of at most {} bytes", printable(key), 2 * limits::kUsageTextBytes));
    }
  }
  return {};
}

Status check(const Selection& selection) {
  if (selection.from && selection.to && *selection.from >= *selection.to) return fail("`from` is not before `to`");
  const auto day = selection.where.find(Dimension::day);
  if (day != selection.where.end() && (day->second.size() != 10 || !read_time("day", day->second))) {
    return fail("`day` is no date, like `2026-01-31`");
  }
  return {};
}

}  // namespace

Result<ReportQuery> read_report_query(const Parameters& parameters) {
  if (Status status = check(parameters); !status) return fail(status.error());
  ReportQuery query;
  for (const auto& [key, value] : parameters) {
    TRY_ASSIGN(const bool taken, read_selection(key, value, query.selection));
    if (taken) continue;
    if (key == "by") {
      const auto by = dimension_from_text(value);
      if (!by) return fail("`by` is one of tenant, subject, session, model, provider, tag, day");
      query.by = *by;
    } else if (key == "limit") {
      TRY_ASSIGN(query.limit, read_limit(value, kMostRows));
    } else if (key == "format") {
      if (value != "json" && value != "csv") return fail("`format` is json or csv");
      query.format = value == "csv" ? ReportFormat::csv : ReportFormat::json;
    } else {
      return fail(fmt::format("unknown parameter `{}`", printable(key)));
    }
  }
  if (Status status = check(query.selection); !status) return fail(status.error());
  return query;
}

Result<CallsQuery> read_calls_query(const Parameters& parameters) {
  if (Status status = check(parameters); !status) return fail(status.error());
  CallsQuery query;
  for (const auto& [key, value] : parameters) {
    TRY_ASSIGN(const bool taken, read_selection(key, value, query.selection));
    if (taken) continue;
    if (key == "after") {
      query.after = value;
    } else if (key == "limit") {
      TRY_ASSIGN(query.limit, read_limit(value, kMostCalls));
    } else {
      return fail(fmt::format("unknown parameter `{}`", printable(key)));
    }
  }
  if (Status status = check(query.selection); !status) return fail(status.error());
  return query;
}

}  // namespace portreeve::accounting
