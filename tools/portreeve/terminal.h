// Where a command writes: standard output and standard error, each a terminal or not.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace portreeve::cli {

enum class Colour : std::uint8_t { plain, green, red, yellow, bold, faint };

// One stream. A failed write is remembered, not told; finish() tells it.
class Stream {
 public:
  // Looks once at what the descriptor is. Colours on a terminal only, and not where NO_COLOR is set or TERM is `dumb`.
  explicit Stream(std::FILE* file);

  void write(std::string_view text);
  // The text as it stands where the stream shows no colours.
  std::string coloured(Colour colour, std::string_view text) const;
  void flush();

  bool is_terminal() const { return width_.has_value(); }
  // Columns, of a terminal; nothing limits a line elsewhere.
  std::optional<std::size_t> width() const { return width_; }
  bool failed() const;

 private:
  std::FILE* const file_;
  std::optional<std::size_t> width_;
  bool colours_ = false;
};

struct Terminal {
  Stream out{stdout};
  Stream err{stderr};
};

// Columns that text without control characters takes: East Asian wide ones count two, combining ones none.
std::size_t display_width(std::string_view text);
// The text cut to `width` columns, the last one `…` where anything was cut. Requires: well-formed UTF-8.
std::string cut_to_width(std::string_view text, std::size_t width);
// The text made longer by spaces up to `width` columns.
std::string padded(std::string_view text, std::size_t width);

}  // namespace portreeve::cli
