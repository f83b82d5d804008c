// Text as a tree that fits the terminal.
#pragma once

#include <string>
#include <vector>

#include "tools/portreeve/terminal.h"

namespace portreeve::cli {

// A node and what hangs below it. The text is one line without control characters: see printable().
struct Branch {
  std::string text;
  std::vector<Branch> below = {};
  Colour colour = Colour::plain;
  std::vector<std::string> block = {};  // lines below the text, as they stand: something to copy

  Branch& add(std::string text_below, Colour colour_below = Colour::plain) {
    return below.emplace_back(Branch{std::move(text_below), {}, colour_below});
  }
};

// Writes what hangs below the root. On a terminal a long text goes on in the next line, below its beginning; elsewhere
// each is one line.
void print_below(const Branch& root, Stream& stream);

}  // namespace portreeve::cli
