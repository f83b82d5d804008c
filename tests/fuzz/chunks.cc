#include <string>

#include "pep/http/body.h"
#include "tests/fuzz/input.h"

using portreeve::pep::append_chunk;
using portreeve::pep::ChunkReader;
using portreeve::pep::kLastChunk;

namespace {

struct Read {
  std::string body;
  std::size_t left = 0;
  ChunkReader::State state = ChunkReader::State::need_more;
};

Read read(std::string_view input, std::size_t step) {
  ChunkReader reader;
  Read result;
  while (!input.empty() && reader.state() == ChunkReader::State::need_more) {
    std::string_view piece = input.substr(0, step);
    input.remove_prefix(piece.size());
    while (true) {
      const std::string_view data = reader.next(piece);
      if (data.empty()) break;
      result.body += data;
    }
    result.left = piece.size() + input.size();
  }
  result.state = reader.state();
  return result;
}

}  // namespace

// Fed whole or byte by byte, a body reads alike; framed anew it reads back.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  const Read whole = read(input, size);
  const Read bytewise = read(input, 1);
  CHECK(whole.state == bytewise.state && whole.body == bytewise.body);
  if (whole.state == ChunkReader::State::complete) CHECK(whole.left == bytewise.left);
  std::string framed;
  append_chunk(framed, input);
  framed += kLastChunk;
  const Read back = read(framed, 7);
  CHECK(back.state == ChunkReader::State::complete && back.body == input && back.left == 0);
  return 0;
}
