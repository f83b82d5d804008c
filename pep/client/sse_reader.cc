#include "pep/client/sse_reader.h"

#include <charconv>
#include <utility>

#include "engine/base/limits.h"

namespace portreeve::pep {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::int64_t kMostId = std::int64_t{1} << 53;

std::optional<std::int64_t> read_id(std::string_view text) {
  std::int64_t id = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (!digits || error != std::errc() || end != text.data() + text.size() || id > kMostId) return std::nullopt;
  return id;
}

}  // namespace

Status SseReader::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > limits::kEventLineBytes) return fail("a line of the event stream is too long");
    line_ += piece;
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    if (auto status = take_line(line, events); !status) return status;
  }
  return {};
}

Status SseReader::take_line(std::string_view line, std::vector<SseEvent>& events) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
    return fail("the event stream holds a byte that has no place there");
  }
  if (line.substr(0, kByteOrderMark.size()) == kByteOrderMark) return fail("the event stream holds a byte order mark");
  if (line.empty()) {
    SseEvent event = std::exchange(event_, {});
    if (!std::exchange(has_data_, false)) return {};
    if (event.type.empty()) event.type = "message";
    events.push_back(std::move(event));
    return {};
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "event") {
    event_.type = value;
  } else if (field == "data") {
    if (event_.data.size() + value.size() >= limits::kEventBytes) return fail("an event is too long");
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "id") {
    event_.id = read_id(value);
    if (!event_.id) return fail("an event's id is no whole number");
  }
  return {};
}

}  // namespace portreeve::pep
