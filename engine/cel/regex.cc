#include "engine/cel/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::cel {

Regex::Regex(std::unique_ptr<const re2::RE2> re2) : re2_(std::move(re2)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > limits::kCelExpressionBytes) {
    return fail(
        fmt::format("a regular expression of {} bytes; at most {}", pattern.size(), limits::kCelExpressionBytes));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(limits::kCelRegexBytes));
  auto re2 = std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!re2->ok()) {
    return fail(fmt::format("regular expression `{}`: {}", printable(pattern, 60), printable(re2->error(), 100)));
  }
  return Regex(std::move(re2));
}

std::size_t Regex::size() const { return static_cast<std::size_t>(re2_->ProgramSize()); }

bool Regex::matches_part_of(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re2_);
}

}  // namespace portreeve::cel
