// Times, durations, sizes, numbers and the encodings of bytes: each has one reading, and is written back as it was
// read.
#include "engine/load/scalars.h"

#include <cmath>

#include "engine/base/text.h"
#include "engine/base/time.h"
#include "tests/fuzz/input.h"

namespace {

using namespace portreeve;

// Days from 1970-01-01, one by one.
std::int64_t slow_days(int year, int month, int day) {
  const auto leap = [](int y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); };
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::int64_t days = 0;
  for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
  for (int y = 1969; y >= year; --y) days -= leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += kDays[m - 1] + (m == 2 && leap(year) ? 1 : 0);
  return days + day - 1;
}

void check_time(std::string_view text) {
  const auto time = Timestamp::parse(text);
  if (!time) {
    CHECK(!time.error().message.empty());
    return;
  }
  const std::string written = to_rfc3339(*time);
  CHECK(Timestamp::parse(written) == *time);
  CHECK(time->unix_seconds() >= kMinUnixSeconds && time->unix_seconds() <= kMaxUnixSeconds);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  CHECK(std::sscanf(written.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) == 6);
  CHECK(slow_days(year, month, day) * 86'400 + hour * 3'600 + minute * 60 + second == time->unix_seconds());
  const auto cut = Timestamp::parse(to_rfc3339_millis(*time));
  CHECK(cut && cut->unix_millis() == time->unix_millis() && *cut <= *time);
}

void check_duration(std::string_view text) {
  const auto span = parse_duration(text);
  if (!span) return;
  std::int64_t sum = 0, number = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      continue;
    }
    sum += number * (c == 'd' ? 86'400 : c == 'h' ? 3'600 : c == 'm' ? 60 : 1);
    number = 0;
  }
  CHECK(number == 0 && span->count() == sum && sum > 0 && sum <= std::int64_t{3650} * 86'400);
  CHECK(parse_duration(std::to_string(sum) + "s") == *span);
}

void check_size(std::string_view text) {
  const auto bytes = parse_byte_size(text);
  if (!bytes) return;
  CHECK(*bytes > 0 && *bytes <= std::int64_t{1} << 53);
  CHECK(parse_byte_size(std::to_string(*bytes) + "B") == *bytes);
}

void check_bytes(std::string_view text) {
  CHECK(base64_decode(base64_encode(text)) == text);
  CHECK(base64url_decode(base64url_encode(text)) == text);
  if (const auto bytes = base64_decode(text)) CHECK(base64_encode(*bytes) == text);
  if (const auto bytes = base64url_decode(text)) CHECK(base64url_encode(*bytes) == text);
  const std::string mended = to_well_formed_utf8(text);
  CHECK(is_valid_utf8(mended) && (!is_valid_utf8(text) || mended == text));
  for (const char c : printable(text)) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  CHECK(is_valid_utf8(printable(text)));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  check_time(text);
  check_duration(text);
  check_size(text);
  check_bytes(text);
  CHECK(!load::is_ambiguous(text) || !load::is_number_or_boolean(text));
  return 0;
}
