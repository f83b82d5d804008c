// Header lines, read strictly: one reader for requests, responses and trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve::pep {

struct Field {
  std::string name;   // lower case
  std::string value;  // without surrounding blanks
  friend bool operator==(const Field&, const Field&) = default;
};

// The value of the first field of that (lower-case) name, or nullptr.
const std::string* find_field(const std::vector<Field>& fields, std::string_view name);
std::size_t count_fields(const std::vector<Field>& fields, std::string_view name);

// RFC 9110 §5.6.2.
bool is_token_char(char c);
// Printable ASCII without blanks.
bool is_visible(char c);
bool is_blank(char c);
// Without blanks and tabs at either end.
std::string_view trim_blanks(std::string_view text);
// Each element of a comma-separated list, blanks trimmed; empty elements too.
std::vector<std::string_view> list_elements(std::string_view value);

// What a field line breaks.
enum class FieldFault : std::uint8_t { line_end, section_end, folded, too_many, name, value };

// How bytes from 0x80 on in a value are taken: refused, or kept as they are (`obs-text` of RFC 9110 §5.5).
enum class ObsText : std::uint8_t { refuse, keep };

// Reads field lines up to and with the empty line that ends them. Lines end in CR LF and nothing else, no folding, no
// blanks before the colon, at most limits::kHttpFields lines. Bytes are counted by whoever feeds them.
class FieldReader {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  explicit FieldReader(ObsText obs_text = ObsText::refuse) : obs_text_(obs_text) {}

  // Takes one byte. After complete or failed it takes none.
  State take(char c);

  const std::vector<Field>& fields() const { return fields_; }
  std::vector<Field> release() { return std::move(fields_); }
  // Requires: take() said failed.
  FieldFault fault() const { return fault_; }

 private:
  enum class Place : std::uint8_t { line_start, name, value, line_end, last };
  State fail_with(FieldFault fault);

  const ObsText obs_text_;
  State state_ = State::need_more;
  Place place_ = Place::line_start;
  FieldFault fault_ = FieldFault::name;
  std::vector<Field> fields_;
};

}  // namespace portreeve::pep
