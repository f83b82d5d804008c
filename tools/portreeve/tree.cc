#include "tools/portreeve/tree.h"

#include <algorithm>

namespace portreeve::cli {
namespace {

constexpr std::size_t kNarrowest = 20;  // columns that a text keeps, however deep it hangs

// The text in lines of at most `width` columns, broken at spaces; a longer word is a line of its own.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (display_width(text) > width) {
    std::size_t cut = std::string_view::npos;
    for (std::size_t space = text.find(' ', 1); space != std::string_view::npos; space = text.find(' ', space + 1)) {
      if (display_width(text.substr(0, space)) > width && cut != std::string_view::npos) break;
      cut = space;
      if (display_width(text.substr(0, space)) > width) break;
    }
    if (cut == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut + 1);
  }
  lines.emplace_back(text);
  return lines;
}

void print(const Branch& branch, const std::string& indent, Stream& stream) {
  for (const Branch& child : branch.below) {
    const bool last = &child == &branch.below.back();
    const std::string under = indent + (last ? "   " : "│  ");
    std::vector<std::string> lines{child.text};
    if (const auto width = stream.width()) {
      const std::size_t taken = display_width(under);
      lines = wrapped(child.text, *width > taken + kNarrowest ? *width - taken : kNarrowest);
    }
    const std::string beside = under + (child.below.empty() ? "" : "│ ");
    for (const std::string& line : lines) {
      const bool first = &line == &lines.front();
      stream.write((first ? indent + (last ? "└─ " : "├─ ") : beside) + stream.coloured(child.colour, line) + "\n");
    }
    for (const std::string& line : child.block)
      stream.write(beside + "  " + stream.coloured(Colour::bold, line) + "\n");
    print(child, under, stream);
  }
}

}  // namespace

void print_below(const Branch& root, Stream& stream) { print(root, "", stream); }

}  // namespace portreeve::cli
