// What the checker tells a person about a document: place, what is wrong, what would be right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve {

// A place in a file, as editors count: line and column from 1, column in bytes; line 0 means the whole file.
struct SourcePlace {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const SourcePlace&, const SourcePlace&) = default;
};

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  SourcePlace place;
  std::string message;  // what was found, input in backticks, lower case, no full stop
  std::string help;     // what would be right; may be empty
  friend auto operator<=>(const Diagnostic&, const Diagnostic&) = default;
};

// `file:line:column: error: message (help)`, the form editors and terminals jump to.
std::string to_text(const Diagnostic& diagnostic);

// True if any of them is an error.
bool has_errors(const std::vector<Diagnostic>& diagnostics);

// The candidate closest to `word`, or empty where none is near enough to suggest. Cost: words × candidates.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace portreeve
