#include "tests/engine/net/corpus.h"

#include <cstdint>
#include <fstream>

namespace portreeve::net {
namespace {

constexpr const char* kCorpus = PORTREEVE_SOURCE_DIR "/../shared/data/egress-corpus.tsv";

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xc0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    byte(0xe0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3f));
    byte(0x80 | (code_point & 0x3f));
  } else {
    byte(0xf0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3f));
    byte(0x80 | (code_point >> 6 & 0x3f));
    byte(0x80 | (code_point & 0x3f));
  }
}

}  // namespace

std::string unescape_corpus_input(std::string_view input) {
  std::string out;
  while (!input.empty()) {
    const std::size_t close = input.find('}');
    const std::size_t star = input.find('*');
    if (input.front() == '{' && star != std::string_view::npos && close != std::string_view::npos && star < close) {
      const std::string_view unit = input.substr(1, star - 1);
      for (int count = std::stoi(std::string(input.substr(star + 1, close - star - 1))); count > 0; --count)
        out += unit;
      input.remove_prefix(close + 1);
      continue;
    }
    if (input.front() != '\\' || input.size() < 2) {
      out += input.front();
      input.remove_prefix(1);
      continue;
    }
    const char kind = input[1];
    if (kind == 'x' || kind == 'u') {
      const std::size_t digits_at = kind == 'x' ? 2 : 3;
      const std::size_t end = kind == 'x' ? 4 : close;
      const auto value =
          static_cast<std::uint32_t>(std::stoul(std::string(input.substr(digits_at, end - digits_at)), nullptr, 16));
      kind == 'x' ? void(out += static_cast<char>(static_cast<unsigned char>(value))) : append_utf8(out, value);
      input.remove_prefix(kind == 'x' ? end : end + 1);
      continue;
    }
    out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == '0' ? '\0' : kind;
    input.remove_prefix(2);
  }
  return out;
}

std::optional<std::vector<CorpusRow>> read_corpus() {
  std::ifstream file(kCorpus, std::ios::binary);
  if (!file) return std::nullopt;
  std::vector<CorpusRow> rows;
  std::string line;
  std::getline(file, line);  // the head
  while (std::getline(file, line)) {
    CorpusRow row;
    std::string* const fields[] = {&row.kind, &row.input, &row.expect, &row.reason};
    std::size_t start = 0;
    for (std::string* field : fields) {
      const std::size_t tab = line.find('\t', start);
      *field = line.substr(start, tab == std::string::npos ? tab : tab - start);
      start = tab == std::string::npos ? line.size() : tab + 1;
    }
    row.input = unescape_corpus_input(row.input);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace portreeve::net
