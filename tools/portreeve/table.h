// Rows of text in columns that fit the terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

struct Column {
  std::string header;
  std::size_t least = 6;  // columns of the terminal that it keeps however narrow that is
};

// Any bytes may be given: what would move a cursor or change a terminal is shown as \xHH. On a terminal the widest
// columns are cut until a row fits a line; elsewhere every cell is whole. Once printed, the columns keep their widths.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires: one cell a column.
  void add(std::vector<Cell> row);
  // Writes the header, the first time, and the rows added since.
  void print(Stream& stream);

 private:
  void lay_out(std::optional<std::size_t> width);

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> widths_;
};

}  // namespace portreeve::cli
