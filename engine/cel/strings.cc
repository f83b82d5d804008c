#include "engine/cel/strings.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "engine/base/text.h"
#include "engine/cel/functions.h"
#include "engine/cel/utf8.h"

namespace portreeve::cel {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

// As string_view::find, but linear in the worst case too: both texts may be an attacker's.
std::size_t find_part(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return kNowhere;
  if (part.empty()) return from;
  if (from == text.size()) return kNowhere;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : kNowhere;
}

// The last occurrence that begins at or before `latest`: the first one of both texts reversed.
std::size_t find_last_part(std::string_view text, std::string_view part, std::size_t latest) {
  if (part.size() > text.size()) return kNowhere;
  const std::size_t end = std::min(text.size(), std::min(latest, text.size()) + part.size());
  const std::string backwards(text.rend() - static_cast<std::ptrdiff_t>(end), text.rend());
  const std::string sought(part.rbegin(), part.rend());
  const std::size_t found = find_part(backwards, sought, 0);
  return found == kNowhere ? kNowhere : end - found - part.size();
}

Value out_of_range(std::string_view function) { return Value::error(ErrorCode::index_out_of_range, function); }

Value whole_number(std::size_t n) { return Value::of(static_cast<std::int64_t>(n)); }

// The byte where code point `index` begins, or nowhere beyond the end.
std::size_t byte_of(std::string_view text, std::int64_t index) {
  if (index < 0 || static_cast<std::uint64_t>(index) > text.size()) return kNowhere;
  return utf8_offset(text, static_cast<std::size_t>(index));
}

bool is_space(std::string_view point) {
  static constexpr std::string_view kSpaces[] = {"\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085",
                                                 "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
                                                 "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028",
                                                 "\u2029", "\u202F", "\u205F", "\u3000"};
  return std::find(std::begin(kSpaces), std::end(kSpaces), point) != std::end(kSpaces);
}

template <class Change>
Value changed(std::string_view text, Arena& arena, Change change) {
  if (!arena.has_room(text.size())) return Value::error(ErrorCode::budget, {});
  char* const copy = static_cast<char*>(arena.allocate(text.size()));
  std::transform(text.begin(), text.end(), copy, change);
  return Value::of(std::string_view(copy, text.size()));
}

}  // namespace

bool is_domain(std::string_view text) {
  std::size_t label = 0;
  for (const char c : text) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!letter && (c != '.' || label == 0)) return false;
    label = letter ? label + 1 : 0;
  }
  return label > 0;
}

bool is_under(std::string_view name, std::string_view domain) {
  if (domain.empty() || name.size() < domain.size()) return false;
  const std::size_t above = name.size() - domain.size();
  if (!equal_ignoring_ascii_case(name.substr(above), domain)) return false;
  return above == 0 || (above > 1 && name[above - 1] == '.');
}

Value lower_ascii(std::string_view text, Arena& arena) {
  return changed(text, arena, [](char c) { return to_lower_ascii(c); });
}

Value upper_ascii(std::string_view text, Arena& arena) {
  return changed(text, arena, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

Value reversed(std::string_view text, Arena& arena) {
  std::string out;
  out.reserve(text.size());
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    out.append(text, begin, end - begin);
    end = begin;
  }
  return kept(out, arena);
}

Value trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.substr(0, utf8_length(text, 0)))) text.remove_prefix(utf8_length(text, 0));
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!is_space(text.substr(last))) break;
    text.remove_suffix(text.size() - last);
  }
  return Value::of(text);
}

Value replaced(std::string_view text, std::string_view from, std::string_view to, std::int64_t limit, Arena& arena) {
  std::string out;
  std::size_t at = 0;
  for (; limit != 0; --limit) {
    const std::size_t found = find_part(text, from, at);
    if (found == kNowhere) break;
    // An empty `from` stands before each code point and at the end.
    std::size_t next = found + from.size();
    const bool last = from.empty() && at == text.size();
    if (from.empty() && !last) next = at + utf8_length(text, at);
    if (!arena.has_room(out.size() + text.size() + to.size())) return Value::error(ErrorCode::budget, {});
    if (from.empty()) {
      out.append(to).append(text, at, next - at);
    } else {
      out.append(text, at, found - at).append(to);
    }
    at = next;
    if (last) break;
  }
  out.append(text, at);
  return kept(out, arena);
}

Value split(std::string_view text, std::string_view separator, std::int64_t limit, Arena& arena) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (limit != 0) {
    const bool last = limit == 1;
    std::size_t end = kNowhere;
    if (!last && separator.empty()) {
      if (at == text.size()) break;
      end = at + utf8_length(text, at);
      if (end == text.size()) end = kNowhere;
    } else if (!last) {
      end = find_part(text, separator, at);
    }
    if (last && separator.empty() && at == text.size()) break;
    parts.push_back(text.substr(at, end == kNowhere ? kNowhere : end - at));
    if (end == kNowhere || last) break;
    at = end + separator.size();
    --limit;
  }
  const std::size_t size = parts.size() * sizeof(std::string_view);
  if (!arena.has_room(size)) return Value::error(ErrorCode::budget, {});
  auto* const views = static_cast<std::string_view*>(arena.allocate(size));
  std::uninitialized_copy(parts.begin(), parts.end(), views);
  return Value::list(std::span<const std::string_view>(views, parts.size()));
}

Value joined(const Value& list, std::string_view separator, Arena& arena) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.element(i);
    if (element.is_unknown()) return element;
    if (element.kind() != Kind::string) return Value::no_overload("join", element.kind());
  }
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value element = list.element(i);
    if (!arena.has_room(out.size() + separator.size() + element.text().size()))
      return Value::error(ErrorCode::budget, {});
    if (i > 0) out += separator;
    out += element.text();
  }
  return kept(out, arena);
}

Value substring(std::string_view text, std::int64_t begin, std::optional<std::int64_t> end) {
  const std::size_t from = byte_of(text, begin);
  const std::size_t to = end ? byte_of(text, *end) : text.size();
  if (from == kNowhere || to == kNowhere || to < from) return out_of_range("substring");
  return Value::of(text.substr(from, to - from));
}

Value char_at(std::string_view text, std::int64_t index) {
  const std::size_t at = byte_of(text, index);
  if (at == kNowhere) return out_of_range("charAt");
  return Value::of(at == text.size() ? std::string_view() : text.substr(at, utf8_length(text, at)));
}

Value index_of(std::string_view text, std::string_view part, std::int64_t from) {
  const std::size_t begin = byte_of(text, from);
  if (begin == kNowhere) return out_of_range("indexOf");
  if (part.empty()) return Value::of(from);
  const std::size_t found = find_part(text, part, begin);
  return found == kNowhere ? Value::of(-1) : whole_number(utf8_count(text.substr(0, found)));
}

Value last_index_of(std::string_view text, std::string_view part, std::optional<std::int64_t> from) {
  const std::size_t latest = from ? byte_of(text, *from) : text.size();
  if (latest == kNowhere) return out_of_range("lastIndexOf");
  if (part.empty()) return from ? Value::of(*from) : whole_number(utf8_count(text));
  if (from && latest == text.size()) return Value::of(-1);
  const std::size_t found = find_last_part(text, part, latest);
  return found == kNowhere ? Value::of(-1) : whole_number(utf8_count(text.substr(0, found)));
}

bool contains_part(std::string_view text, std::string_view part) { return find_part(text, part, 0) != kNowhere; }

}  // namespace portreeve::cel
