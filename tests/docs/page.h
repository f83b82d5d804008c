// A page of documentation, as far as tests read it: fenced blocks and tables, each with what marks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portreeve::docs {

// ```LANGUAGE … ```
struct Block {
  std::string marker;    // of `<!-- MARKER -->` on the line before; empty without one
  std::string heading;   // the last one before it
  std::string language;  // what stands behind the opening fence
  std::string text;
  std::size_t line = 0;  // of the opening fence, from 1
};

struct Row {
  std::vector<std::string> cells;  // trimmed; `\|` is `|`
  std::size_t line = 0;
};

// A table with a marker. Its header is left out.
struct Table {
  std::string marker;
  std::string heading;
  std::vector<Row> rows;
};

struct Page {
  std::vector<Block> blocks;
  std::vector<Table> tables;
};

// Reads a page of this project: what it does not know is text.
Page read_page(std::string_view markdown);

// The pieces in backticks of a cell, in their order.
std::vector<std::string> code_of(std::string_view cell);

}  // namespace portreeve::docs
