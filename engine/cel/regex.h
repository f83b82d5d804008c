// RE2 behind a type of our own, so that its header stays in one file.
#pragma once

#include <memory>
#include <string_view>

#include "engine/base/result.h"

namespace re2 {
class RE2;
}

namespace portreeve::cel {

// A compiled regular expression (RE2 syntax, UTF-8). Immutable; const use is thread-safe.
class Regex {
 public:
  // Fails with RE2's reason. Memory and automaton are bounded by limits::kCelRegexBytes, the pattern by
  // limits::kCelExpressionBytes.
  static Result<Regex> compile(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // True if it matches any part of the text, as CEL's matches() does. Linear in the text; in the worst case, where
  // RE2's automaton outgrows its memory, also in size().
  bool matches_part_of(std::string_view text) const;
  // Instructions of the compiled form.
  std::size_t size() const;

 private:
  explicit Regex(std::unique_ptr<const re2::RE2> re2);
  std::unique_ptr<const re2::RE2> re2_;
};

}  // namespace portreeve::cel
