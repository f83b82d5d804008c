// Options that are checked while the command line is read, so that a bad one is wrong usage. For .cc files: includes
// CLI11.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <utility>

namespace portreeve::cli {

// Refuses what `parse` (text → Result) fails on, with its message.
template <class Parse>
CLI::Validator checked(Parse parse) {
  return CLI::Validator(
      [parse = std::move(parse)](std::string& text) {
        const auto result = parse(text);
        return result ? std::string() : result.error().message;
      },
      "");
}

}  // namespace portreeve::cli
