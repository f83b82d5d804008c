// Gathers diagnostics of one run of the loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/wire/policy_file.h"

namespace portreeve::load {

// A place in a policy set: a SourcePlace whose file is an index. Line 0: the whole file.
struct At {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const At&, const At&) = default;
};

// Diagnostics in the making. Beyond limits::kDiagnostics of a severity only their number is kept.
class Report {
 public:
  // `files` outlive this.
  explicit Report(const std::vector<wire::PolicyFile>& files) : files_(files) {}

  void error(At at, std::string message, std::string help = {});
  void warn(At at, std::string message, std::string help = {});
  void error(SourcePlace place, std::string message, std::string help = {});
  void warn(SourcePlace place, std::string message, std::string help = {});
  // What concerns the set and no file.
  void set_error(std::string message, std::string help = {});

  // True where one more error would only be counted: no need to think of a good help.
  bool is_full() const { return errors_ >= most(); }
  bool has_errors() const { return errors_ != 0; }

  SourcePlace place(At at) const;
  std::string_view bytes(std::uint32_t file) const { return files_[file].bytes; }
  // `web.yaml:3`, for messages that point at a second place.
  std::string where(At at) const;

  // Sorted by place, each once.
  std::vector<Diagnostic> take();

 private:
  static std::size_t most();
  void add(Severity severity, SourcePlace place, std::string message, std::string help, std::size_t& count);

  const std::vector<wire::PolicyFile>& files_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// `did you mean `x`?` for the nearest of the candidates, else `fallback`.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates,
                       std::string fallback = {});

}  // namespace portreeve::load
