#include "engine/pattern/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "engine/pattern/glob.h"

namespace portreeve::pattern {
namespace {

constexpr std::int64_t kRegexMemory = 1 << 20;
constexpr int kMostPrefixBytes = 64;

// What the least and the greatest text in the range of matches have in common, all matches have. Finding it builds an
// automaton, three times the size of the expression, which goes with this copy of it.
std::string common_prefix(re2::StringPiece text, const re2::RE2::Options& options) {
  const re2::RE2 regex(text, options);
  std::string least, greatest;
  if (!regex.PossibleMatchRange(&least, &greatest, kMostPrefixBytes)) return {};
  std::size_t length = 0;
  while (length < least.size() && length < greatest.size() && least[length] == greatest[length]) ++length;
  return least.substr(0, length);
}

}  // namespace

struct Pattern::Regex {
  Regex(re2::StringPiece text, const re2::RE2::Options& options) : compiled(text, options) {
    if (compiled.ok()) prefix = common_prefix(text, options);
  }
  re2::RE2 compiled;
  std::string prefix;
};

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.empty()) return fail("a pattern cannot be empty");
  if (text.find('\0') != std::string_view::npos) return fail("a pattern cannot hold a NUL");
  if (text.starts_with("/re:")) {
    if (text.size() < 6 || !text.ends_with('/')) {
      return fail(fmt::format("`{}` begins like an expression but does not end with `/`; write `/re:…/`", text));
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexMemory);
    const std::string_view body = text.substr(4, text.size() - 5);
    auto regex = std::make_shared<const Regex>(re2::StringPiece(body.data(), body.size()), options);
    if (!regex->compiled.ok())
      return fail(fmt::format("`{}` is not an RE2 expression: {}", text, regex->compiled.error()));
    return Pattern(PatternKind::regex, std::string(text), std::move(regex));
  }
  const bool literal = text.find('*') == std::string_view::npos;
  return Pattern(literal ? PatternKind::literal : PatternKind::glob, std::string(text), nullptr);
}

bool Pattern::matches(std::string_view text) const {
  switch (kind_) {
    case PatternKind::literal:
      return text_ == text;
    case PatternKind::glob:
      return glob_matches(text_, text);
    case PatternKind::regex:
      return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex_->compiled);
  }
  return false;
}

std::string_view Pattern::literal_prefix() const {
  switch (kind_) {
    case PatternKind::literal:
      return text_;
    case PatternKind::glob: {
      const std::string_view prefix = std::string_view(text_).substr(0, text_.find('*'));
      // `/x/**` also covers `/x`, and `/x/**/y` may use that slash for both.
      const bool deep = std::string_view(text_).substr(prefix.size()).starts_with("**");
      return deep && prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix;
    }
    case PatternKind::regex:
      return regex_->prefix;
  }
  return {};
}

}  // namespace portreeve::pattern
