// A pattern as policies write it: literal text, a glob, or `/re:…/`, an RE2 expression (SEMANTICS §9).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pattern {

enum class PatternKind : std::uint8_t { literal, glob, regex };

// An immutable, compiled pattern. A value: copies share the compiled expression. Thread-safe.
class Pattern {
 public:
  // `/re:…/` is compiled as RE2; anything else is a glob, or a literal where it holds no `*`.
  // Fails on empty text, on an expression that RE2 refuses (its own message is passed on), on one over 1 MiB compiled.
  static Result<Pattern> parse(std::string_view text);

  PatternKind kind() const { return kind_; }
  // As written.
  const std::string& text() const { return text_; }

  // True where the whole of `text` is covered. Literals and globs neither allocate nor lock; RE2 may do both.
  bool matches(std::string_view text) const;

  // What every match begins with: the whole of a literal, a glob's text before its first `*`, what RE2 can tell of an
  // expression. May be empty.
  std::string_view literal_prefix() const;

  friend bool operator==(const Pattern& a, const Pattern& b) { return a.text_ == b.text_; }

 private:
  struct Regex;
  Pattern(PatternKind kind, std::string text, std::shared_ptr<const Regex> regex)
      : kind_(kind), text_(std::move(text)), regex_(std::move(regex)) {}

  PatternKind kind_;
  std::string text_;
  std::shared_ptr<const Regex> regex_;
};

}  // namespace portreeve::pattern
