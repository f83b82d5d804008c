#include "tools/portreeve/table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/text.h"

namespace portreeve::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kMostCellBytes = 4096;

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = printable(cell.text, kMostCellBytes);
  rows_.push_back(std::move(row));
}

void Table::lay_out(std::optional<std::size_t> width) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = display_width(columns_[i].header);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i].text));
    widths_.push_back(widest);
  }
  if (!width) return;
  const std::size_t gaps = kGap * (columns_.size() - 1);
  std::size_t taken = std::accumulate(widths_.begin(), widths_.end(), gaps);
  while (taken > *width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths_[i] > columns_[i].least && (widest == columns_.size() || widths_[i] > widths_[widest])) widest = i;
    }
    if (widest == columns_.size()) return;
    --widths_[widest];
    --taken;
  }
}

void Table::print(Stream& stream) {
  if (widths_.empty()) {
    lay_out(stream.width());
    std::vector<Cell> header;
    for (const Column& column : columns_) header.push_back({column.header, Colour::bold});
    rows_.insert(rows_.begin(), std::move(header));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = stream.is_terminal() ? cut_to_width(row[i].text, widths_[i]) : row[i].text;
      const std::size_t shown = display_width(text);
      line += stream.coloured(row[i].colour, text);
      if (i + 1 < row.size()) line += std::string(std::max(widths_[i], shown) - shown + kGap, ' ');
    }
    stream.write(line + "\n");
  }
  rows_.clear();
}

}  // namespace portreeve::cli
