#include "engine/load/yaml_fault.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace portreeve::load {
namespace {

std::string_view line_before(std::string_view file, std::size_t offset) {
  const std::size_t start = offset == 0 ? 0 : file.rfind('\n', offset - 1) + 1;
  return file.substr(start, offset - start);
}

bool is_indented_with_a_tab(std::string_view file, std::size_t offset) {
  const std::string_view line = file.substr(offset - line_before(file, offset).size());
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// A value in quotes, and then more on the same line.
bool follows_a_closed_quote(std::string_view file, std::size_t offset) {
  const std::string_view line = line_before(file, offset);
  const std::size_t last = line.find_last_not_of(' ');
  if (last == std::string_view::npos || (line[last] != '"' && line[last] != '\'')) return false;
  return line.find(line[last]) != last;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

YamlFault explain_yaml_fault(std::string_view file, std::size_t offset, std::string_view complaint) {
  offset = std::min(offset, file.size());
  if (offset < file.size() && file[offset] == '*') {
    const std::size_t end = std::min(file.find_first_of(" \t\r\n,]}", offset), file.size());
    const std::string word = printable(file.substr(offset, end - offset));
    return {fmt::format("`{}` is read as an alias", word), fmt::format("write it in quotes: \"{}\"", word)};
  }
  const std::string message = fmt::format("not well-formed YAML: {}", complaint);
  if (is_indented_with_a_tab(file, offset)) return {"the line is indented with a tab", "YAML is indented with spaces"};
  if (follows_a_closed_quote(file, offset)) {
    return {"more text follows a closing quote",
            "put the whole value into quotes of the other kind, like `'session.trust == \"internal\"'`"};
  }
  if (has(complaint, "illegal map value")) {
    return {message,
            "a space follows the colon of a key, here and in the line before; text that holds `: ` stands in "
            "quotes"};
  }
  if (has(complaint, "end of sequence flow")) {
    return {message, "a `[` is not closed by `]`; ` #` begins a comment, unless it stands in quotes"};
  }
  if (has(complaint, "end of map flow")) {
    return {message, "a `{` is not closed by `}`; ` #` begins a comment, unless it stands in quotes"};
  }
  if (has(complaint, "end of map") || has(complaint, "end of sequence")) {
    return {message, "keys of one mapping, and dashes of one list, stand in one column"};
  }
  return {message, {}};
}

}  // namespace portreeve::load
