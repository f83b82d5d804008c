// Reads rows of the egress corpus, where it is there.
#pragma once

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace portreeve::pep {

struct CorpusRow {
  std::string input;  // escapes resolved
  std::string expect;
  std::string reason;
  std::string line;  // as in the file, for messages
};

inline std::string corpus_path() { return std::string(PORTREEVE_SOURCE_DIR) + "/../shared/data/egress-corpus.tsv"; }

// `\\ \r \n \t \0 \xHH \u{H}` and `{A*9000}`.
inline std::string corpus_unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 2 < text.size() && text[i + 2] == '*') {
      const std::size_t end = text.find('}', i);
      out.append(std::strtoul(std::string(text.substr(i + 3, end - i - 3)).c_str(), nullptr, 10), text[i + 1]);
      i = end;
      continue;
    }
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'x') {
      out += static_cast<char>(std::strtoul(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    } else if (kind == 'u') {
      const std::size_t end = text.find('}', i);
      const unsigned long point = std::strtoul(std::string(text.substr(i + 2, end - i - 2)).c_str(), nullptr, 16);
      if (point < 0x80) {
        out += static_cast<char>(point);
      } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | point >> 6);
        out += static_cast<char>(0x80 | (point & 0x3f));
      } else if (point < 0x10000) {
        out += static_cast<char>(0xe0 | point >> 12);
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
      } else {
        out += static_cast<char>(0xf0 | point >> 18);
        out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
      }
      i = end;
    } else {
      out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == '0' ? '\0' : kind;
    }
  }
  return out;
}

// The rows of one kind; empty where there is no corpus.
inline std::vector<CorpusRow> corpus_rows(std::string_view kind) {
  std::vector<CorpusRow> rows;
  std::ifstream file(corpus_path());
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t') {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    if (cells.size() < 4 || cells[0] != kind) continue;
    rows.push_back({corpus_unescape(cells[1]), cells[2], cells[3], line});
  }
  return rows;
}

}  // namespace portreeve::pep
