#include "engine/load/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/limits.h"

namespace portreeve::load {

std::size_t Report::most() { return limits::kDiagnostics; }

void Report::error(At at, std::string message, std::string help) {
  error(place(at), std::move(message), std::move(help));
}
void Report::warn(At at, std::string message, std::string help) {
  warn(place(at), std::move(message), std::move(help));
}

void Report::error(SourcePlace place, std::string message, std::string help) {
  add(Severity::error, std::move(place), std::move(message), std::move(help), errors_);
}

void Report::warn(SourcePlace place, std::string message, std::string help) {
  add(Severity::warning, std::move(place), std::move(message), std::move(help), warnings_);
}

void Report::set_error(std::string message, std::string help) {
  ++errors_;
  diagnostics_.push_back({Severity::error, SourcePlace{"policies", 0, 0}, std::move(message), std::move(help)});
}

void Report::add(Severity severity, SourcePlace place, std::string message, std::string help, std::size_t& count) {
  if (++count > most()) return;
  diagnostics_.push_back({severity, std::move(place), std::move(message), std::move(help)});
}

SourcePlace Report::place(At at) const { return {files_[at.file].path, at.line, at.column}; }

std::string Report::where(At at) const { return fmt::format("{}:{}", files_[at.file].path, at.line); }

std::vector<Diagnostic> Report::take() {
  std::ranges::sort(diagnostics_, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.place, a.severity, a.message, a.help) < std::tie(b.place, b.severity, b.message, b.help);
  });
  const auto repeated = std::ranges::unique(diagnostics_);
  diagnostics_.erase(repeated.begin(), repeated.end());
  const auto tell_rest = [&](Severity severity, std::size_t count, std::string_view what) {
    if (count <= most()) return;
    diagnostics_.push_back(
        {severity, SourcePlace{"policies", 0, 0}, fmt::format("{} more {} not shown", count - most(), what), {}});
  };
  tell_rest(Severity::error, errors_, "errors");
  tell_rest(Severity::warning, warnings_, "warnings");
  return std::move(diagnostics_);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates, std::string fallback) {
  const std::string_view nearest = closest(word, candidates);
  return nearest.empty() ? fallback : fmt::format("did you mean `{}`?", nearest);
}

}  // namespace portreeve::load
