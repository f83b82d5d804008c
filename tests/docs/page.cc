#include "tests/docs/page.h"

#include <optional>

namespace portreeve::docs {
namespace {

constexpr std::string_view kFence = "```";

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back(trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

std::optional<std::string> marker_of(std::string_view line) {
  if (!line.starts_with("<!-- ") || !line.ends_with(" -->")) return std::nullopt;
  return std::string(line.substr(5, line.size() - 9));
}

class Reader {
 public:
  void read(std::string_view line) {
    ++line_;
    if (in_block_) return read_in_block(line);
    if (line.starts_with(kFence)) return begin_block(line);
    if (line.starts_with('|')) return read_row(line);
    rows_ = 0;
    if (line.starts_with('#')) heading_ = trim(line.substr(line.find_first_not_of('#')));
    marker_ = marker_of(line).value_or("");
  }
  Page take() { return std::move(page_); }

 private:
  void begin_block(std::string_view line) {
    page_.blocks.push_back({marker_, heading_, std::string(line.substr(kFence.size())), {}, line_});
    in_block_ = true;
    rows_ = 0;
    marker_.clear();
  }
  void read_in_block(std::string_view line) {
    in_block_ = line != kFence;
    if (in_block_) page_.blocks.back().text += std::string(line) + "\n";
  }
  void read_row(std::string_view line) {
    if (rows_++ == 0) page_.tables.push_back({marker_, heading_, {}});
    marker_.clear();
    if (rows_ > 2) page_.tables.back().rows.push_back({cells_of(line), line_});
  }

  Page page_;
  std::string heading_;
  std::string marker_;
  std::size_t line_ = 0;
  std::size_t rows_ = 0;  // of the table being read, with its header
  bool in_block_ = false;
};

}  // namespace

Page read_page(std::string_view markdown) {
  Reader reader;
  while (!markdown.empty()) {
    const std::size_t end = std::min(markdown.find('\n'), markdown.size());
    reader.read(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return reader.take();
}

std::vector<std::string> code_of(std::string_view cell) {
  std::vector<std::string> out;
  for (std::size_t begin = cell.find('`'); begin != std::string_view::npos; begin = cell.find('`', begin)) {
    const std::size_t end = cell.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    out.emplace_back(cell.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return out;
}

}  // namespace portreeve::docs
