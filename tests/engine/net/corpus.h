// The egress corpus: rows of kind, input, expected outcome and reason. It stands beside the repository, not in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve::net {

struct CorpusRow {
  std::string kind, input, expect, reason;
};

// Rows with the escapes of `input` resolved (`\\ \r \n \t \0 \xHH \u{H}`, `{A*9000}`). Nothing where there is no
// corpus.
std::optional<std::vector<CorpusRow>> read_corpus();

std::string unescape_corpus_input(std::string_view input);

}  // namespace portreeve::net
