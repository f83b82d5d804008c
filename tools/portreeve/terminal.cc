#include "tools/portreeve/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace portreeve::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;

std::optional<std::size_t> width_of(std::FILE* file) {
  const int descriptor = ::fileno(file);
  if (::isatty(descriptor) == 0) return std::nullopt;
  struct winsize size {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

bool wants_colours() {
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string_view sequence(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::green:
      return "\x1b[32m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::bold:
      return "\x1b[1m";
    case Colour::faint:
      return "\x1b[2m";
  }
  return "";
}

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

// Requires: not empty. Of ill-formed text some character of it.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  Character out{lead, 1};
  if (lead >= 0xF0)
    out = {lead & 0x07u, 4};
  else if (lead >= 0xE0)
    out = {lead & 0x0Fu, 3};
  else if (lead >= 0xC0)
    out = {lead & 0x1Fu, 2};
  if (out.bytes > text.size()) return {lead, 1};
  for (std::size_t i = 1; i < out.bytes; ++i) out.code = out.code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return out;
}

// The ranges that matter of Unicode's East Asian Width (UAX #11), and the combining marks of most scripts.
std::size_t width_of(char32_t code) {
  const auto between = [code](char32_t first, char32_t last) { return first <= code && code <= last; };
  if (between(0x0300, 0x036F) || between(0x200B, 0x200D) || between(0xFE00, 0xFE0F) || between(0x20D0, 0x20FF))
    return 0;
  const bool wide = between(0x1100, 0x115F) || between(0x2E80, 0xA4CF) || between(0xAC00, 0xD7A3) ||
                    between(0xF900, 0xFAFF) || between(0xFE30, 0xFE6F) || between(0xFF00, 0xFF60) ||
                    between(0xFFE0, 0xFFE6) || between(0x1F300, 0x1FAFF) || between(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

}  // namespace

Stream::Stream(std::FILE* file) : file_(file), width_(width_of(file)), colours_(width_ && wants_colours()) {}

void Stream::write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_); }

std::string Stream::coloured(Colour colour, std::string_view text) const {
  if (!colours_ || colour == Colour::plain) return std::string(text);
  return std::string(sequence(colour)) + std::string(text) + "\x1b[0m";
}

void Stream::flush() { std::fflush(file_); }
bool Stream::failed() const { return std::ferror(file_) != 0; }

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    width += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t taken = 0;
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Character character = first_character(text.substr(bytes));
    const std::size_t columns = width_of(character.code);
    if (taken + columns > width - 1) break;
    taken += columns;
    bytes += character.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(text) + std::string(taken < width ? width - taken : 0, ' ');
}

}  // namespace portreeve::cli
