#include "engine/reader/json_reader.h"
#include "engine/reader/request_reader.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = portreeve::reader::parse_json(as_text(data, size));
  if (!body) return 0;
  const auto question = portreeve::reader::read_question(*body);
  if (!question) CHECK(!question.error().message.empty());
  return 0;
}
