#include "tools/portreeve/usage_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "engine/base/text.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/table.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kBarColumns = 16;
constexpr std::size_t kNarrowBarColumns = 8;
constexpr std::size_t kKeyColumns = 16;
// Narrower terminals go without the columns that the lines below the table say again.
constexpr std::size_t kWide = 100;

struct Line {
  std::string key;
  std::int64_t calls = 0;
  std::int64_t input = 0;   // neither read from a cache nor written to one
  std::int64_t cached = 0;  // both
  std::int64_t output = 0;
  std::string cost;
  std::int64_t unpriced = 0;
  std::int64_t unknown = 0;
  std::int64_t estimated = 0;
  std::int64_t disputed = 0;
};

bool read_count(const JsonValue& from, std::string_view key, std::int64_t& sum) {
  const JsonValue* const value = from.find(key);
  if (value == nullptr || value->as_int() == nullptr) return false;
  sum += *value->as_int();
  return true;
}

bool read_line(const JsonValue& from, Line& line) {
  const JsonValue* const cost = from.find("cost");
  if (cost == nullptr || cost->as_string() == nullptr) return false;
  line.cost = *cost->as_string();
  return read_count(from, "calls", line.calls) && read_count(from, "input", line.input) &&
         read_count(from, "inputAudio", line.input) && read_count(from, "cacheRead", line.cached) &&
         read_count(from, "cacheWrite5m", line.cached) && read_count(from, "cacheWrite1h", line.cached) &&
         read_count(from, "output", line.output) && read_count(from, "reasoning", line.output) &&
         read_count(from, "outputAudio", line.output) && read_count(from, "unpriced", line.unpriced) &&
         read_count(from, "unknown", line.unknown) && read_count(from, "estimated", line.estimated) &&
         read_count(from, "disputed", line.disputed);
}

// Only lengths of bars are made of these: the figures themselves stay as they came.
double weight(const Line& line, bool by_cost) {
  if (by_cost) return std::strtod(line.cost.c_str(), nullptr);
  return static_cast<double>(line.input) + static_cast<double>(line.cached) + static_cast<double>(line.output);
}

std::string right(std::string text, std::size_t width) {
  return std::string(width - std::min(width, display_width(text)), ' ') + text;
}

// The amount at the point of the others: what follows it is filled up.
void align_costs(std::vector<Line>& lines) {
  std::size_t decimals = 0;
  for (const Line& line : lines)
    decimals = std::max(decimals, line.cost.size() - std::min(line.cost.size(), line.cost.find('.')));
  for (Line& line : lines) {
    const std::size_t own = line.cost.size() - std::min(line.cost.size(), line.cost.find('.'));
    line.cost += std::string(decimals - own, ' ');
  }
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t sign = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > 3 + sign;) {
    at -= 3;
    digits.insert(at, " ");
  }
  return digits;
}

std::string bar(double share, std::size_t width) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) return {};
  const auto eighths =
      static_cast<std::size_t>(std::max(1.0, std::round(std::min(share, 1.0) * 8 * static_cast<double>(width))));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  return out + std::string(kEighths[eighths % 8]);
}

Status print_usage(Stream& out, const JsonValue& report) {
  const JsonValue* const by = report.find("by");
  const JsonValue* const rows = report.find("rows");
  const JsonValue* const totals = report.find("totals");
  Line total;
  if (by == nullptr || by->as_string() == nullptr || rows == nullptr || rows->as_array() == nullptr ||
      totals == nullptr || !read_line(*totals, total)) {
    return fail("the answer is no report of accounting");
  }
  std::vector<Line> lines;
  for (const JsonValue& row : *rows->as_array()) {
    const JsonValue* const key = row.find("key");
    Line line;
    if (key == nullptr || key->as_string() == nullptr || !read_line(row, line)) {
      return fail("the answer is no report of accounting");
    }
    line.key = key->as_string()->empty() ? "-" : *key->as_string();
    lines.push_back(std::move(line));
  }
  total.key = "total";
  lines.push_back(total);
  const bool by_cost = weight(total, true) > 0;
  const double whole = weight(total, by_cost);
  const double largest = std::max(1e-300, whole);
  align_costs(lines);

  const bool wide = out.width().value_or(kWide) >= kWide;
  const std::size_t bar_columns = wide ? kBarColumns : kNarrowBarColumns;
  std::vector<std::string> headers{"CALLS", "INPUT", "CACHED", "OUTPUT", "COST USD"};
  if (wide) headers.insert(headers.end(), {"UNPRICED", "UNKNOWN"});
  std::vector<std::vector<std::string>> cells;
  for (const Line& line : lines) {
    cells.push_back({grouped(line.calls), grouped(line.input), grouped(line.cached), grouped(line.output), line.cost});
    if (wide) cells.back().insert(cells.back().end(), {grouped(line.unpriced), grouped(line.unknown)});
  }
  for (std::size_t column = 0; column < headers.size(); ++column) {
    std::size_t width = display_width(headers[column]);
    for (const auto& row : cells) width = std::max(width, display_width(row[column]));
    headers[column] = right(headers[column], width);
    for (auto& row : cells) row[column] = right(row[column], width);
  }
  std::string first = *by->as_string();
  std::transform(first.begin(), first.end(), first.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::vector<Column> columns{{first, kKeyColumns}};
  for (const std::string& header : headers) columns.push_back({header, display_width(header)});
  if (out.is_terminal()) columns.push_back({by_cost ? "OF COST" : "OF TOKENS", bar_columns});
  Table table(std::move(columns));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_total = i + 1 == lines.size();
    std::vector<Cell> row{{lines[i].key, is_total ? Colour::bold : Colour::plain}};
    for (std::size_t column = 0; column < cells[i].size(); ++column) {
      const bool open = (column == 5 && lines[i].unpriced > 0) || (column == 6 && lines[i].unknown > 0);
      row.push_back({cells[i][column], open ? Colour::yellow : is_total ? Colour::bold : Colour::plain});
    }
    if (out.is_terminal()) row.push_back({is_total ? "" : bar(weight(lines[i], by_cost) / largest, bar_columns)});
    table.add(std::move(row));
  }
  table.print(out);
  const JsonValue* const left_out = report.find("leftOut");
  if (left_out != nullptr && left_out->as_int() != nullptr && *left_out->as_int() > 0) {
    out.write(fmt::format("{} left out; the total is of all\n",
                          count_of(static_cast<std::size_t>(*left_out->as_int()), "row")));
  }
  if (total.unpriced > 0)
    out.write(fmt::format("unpriced: {} cost something that no price is known for\n",
                          count_of(static_cast<std::size_t>(total.unpriced), "call")));
  if (total.unknown > 0)
    out.write(fmt::format("unknown: {} used something that nobody has told\n",
                          count_of(static_cast<std::size_t>(total.unknown), "call")));
  if (total.estimated > 0)
    out.write(fmt::format("estimated: {} in the sums by estimate\n",
                          count_of(static_cast<std::size_t>(total.estimated), "call")));
  if (total.disputed > 0)
    out.write(fmt::format("disputed: {} of which two accounts differ\n",
                          count_of(static_cast<std::size_t>(total.disputed), "call")));
  return {};
}

}  // namespace portreeve::cli
