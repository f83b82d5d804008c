// Collects what is wrong with one expression, for the phases of compile().
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/cel/cel.h"

namespace portreeve::cel {

// A range of bytes of the expression.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

class ErrorSink {
 public:
  void add(Range at, std::string message, std::string help = {}) {
    errors_.push_back({at.begin, at.end - at.begin, std::move(message), std::move(help)});
  }
  bool empty() const { return errors_.empty(); }

  // In order of place; the same error twice in one place is told once.
  std::vector<CompileError> take() {
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const CompileError& a, const CompileError& b) { return a.offset < b.offset; });
    errors_.erase(std::unique(errors_.begin(), errors_.end()), errors_.end());
    return std::move(errors_);
  }

 private:
  std::vector<CompileError> errors_;
};

}  // namespace portreeve::cel
