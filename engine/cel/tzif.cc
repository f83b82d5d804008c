// TZif files (RFC 8536).
#include <fmt/format.h>

#include "engine/base/limits.h"
#include "engine/cel/zone.h"

namespace portreeve::cel {
namespace {

constexpr std::size_t kHeaderBytes = 44;
// RFC 8536 §3.2: offsets should lie between -25 and +26 hours.
constexpr std::int64_t kLeastOffset = -89'999;
constexpr std::int64_t kMostOffset = 93'599;

struct Header {
  char version = 0;
  std::size_t isut = 0;
  std::size_t isstd = 0;
  std::size_t leap = 0;
  std::size_t time = 0;
  std::size_t type = 0;
  std::size_t chars = 0;

  std::size_t data_bytes(std::size_t time_size) const {
    return time * (time_size + 1) + type * 6 + chars + leap * (time_size + 4) + isstd + isut;
  }
};

class TzifReader {
 public:
  explicit TzifReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::int64_t big_endian(std::size_t at, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes_[at + i]);
    if (size == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }

  Result<Header> header(std::size_t at) const {
    if (bytes_.size() < at + kHeaderBytes) return fail("a TZif file ends inside its header");
    for (std::size_t i = 0; i < 4; ++i) {
      if (std::to_integer<char>(bytes_[at + i]) != "TZif"[i])
        return fail("no TZif file: it does not begin with `TZif`");
    }
    const auto count = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<std::uint32_t>(big_endian(at + 20 + 4 * i, 4)));
    };
    return Header{std::to_integer<char>(bytes_[at + 4]), count(0), count(1), count(2), count(3), count(4), count(5)};
  }

  std::uint8_t byte(std::size_t at) const { return std::to_integer<std::uint8_t>(bytes_[at]); }
  std::size_t size() const { return bytes_.size(); }
  std::string_view text(std::size_t at) const {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size()).substr(at);
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Data {
  std::int32_t first_offset = 0;
  std::vector<Zone::Transition> transitions;
};

// The data block at `at`, whose length is known to fit.
Result<Data> read_data(const TzifReader& reader, std::size_t at, const Header& header, std::size_t time_size) {
  if (header.type == 0) return fail("a TZif file without local time types");
  if (header.leap != 0) return fail("a TZif file with leap seconds; use the zones without (`posix`, not `right`)");
  const std::size_t types = at + header.time * (time_size + 1);
  std::vector<std::int32_t> offsets;
  for (std::size_t i = 0; i < header.type; ++i) {
    const std::int64_t offset = reader.big_endian(types + 6 * i, 4);
    if (offset < kLeastOffset || offset > kMostOffset)
      return fail(fmt::format("a TZif file with an offset of {} s", offset));
    offsets.push_back(static_cast<std::int32_t>(offset));
  }
  Data data;
  data.first_offset = offsets[0];  // RFC 8536 §3.2: type 0 stands before the first transition
  for (std::size_t i = 0; i < header.time; ++i) {
    const std::int64_t time = reader.big_endian(at + time_size * i, time_size);
    const std::uint8_t type = reader.byte(at + time_size * header.time + i);
    if (type >= offsets.size()) return fail("a TZif file whose transition names a type that it does not have");
    if (i > 0 && time <= data.transitions.back().unix_seconds)
      return fail("a TZif file whose transitions are not in order");
    data.transitions.push_back({time, offsets[type]});
  }
  return data;
}

}  // namespace

Result<Zone> Zone::parse_tzif(std::span<const std::byte> bytes) {
  if (bytes.size() > limits::kTzifBytes) {
    return fail(fmt::format("a TZif file of {} bytes; at most {}", bytes.size(), limits::kTzifBytes));
  }
  const TzifReader reader(bytes);
  TRY_ASSIGN(Header header, reader.header(0));
  std::size_t at = kHeaderBytes;
  std::size_t time_size = 4;
  if (header.version >= '2') {  // the first block is for readers of version 1
    at += header.data_bytes(4);
    TRY_ASSIGN(header, reader.header(at));
    at += kHeaderBytes;
    time_size = 8;
  }
  const std::size_t end = at + header.data_bytes(time_size);
  if (end > reader.size()) return fail("a TZif file ends inside its data");
  TRY_ASSIGN(Data data, read_data(reader, at, header, time_size));
  Zone zone;
  zone.first_offset_ = data.first_offset;
  zone.transitions_ = std::move(data.transitions);
  if (time_size == 4) return zone;
  const std::string_view footer = reader.text(end);
  if (footer.size() < 2 || footer.front() != '\n' || footer.find('\n', 1) != footer.size() - 1) {
    return fail("a TZif file without its footer");
  }
  if (footer.size() > 2) {
    TRY_ASSIGN(zone.rule_, parse_posix_rule(footer.substr(1, footer.size() - 2)));
  }
  return zone;
}

}  // namespace portreeve::cel
