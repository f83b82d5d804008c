#include "storage/log/block.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace portreeve::storage {
namespace {

PackedNumbers pack_times(const std::vector<std::int64_t>& times, std::int64_t low) {
  std::vector<std::uint64_t> since;
  since.reserve(times.size());
  for (const std::int64_t time : times) since.push_back(static_cast<std::uint64_t>(time - low));
  return PackedNumbers::pack(since);
}

void append_times(std::vector<std::int64_t>& out, const BlockColumns& block) {
  for (std::size_t i = 0; i < block.times.size(); ++i) {
    out.push_back(block.head.time_low + static_cast<std::int64_t>(block.times.at(i)));
  }
}

}  // namespace

RecordPlace Places::at(std::uint64_t first, std::uint32_t record) const {
  const auto after = std::ranges::upper_bound(segments, record, {}, &std::pair<std::uint32_t, std::uint64_t>::first);
  return {first + record, after == segments.begin() ? 0 : std::prev(after)->second, offsets.at(record)};
}

std::string Places::encode() const {
  std::string out(8, '\0');
  const std::uint64_t count = segments.size();
  std::memcpy(out.data(), &count, 8);
  for (const auto& [record, base] : segments) {
    const std::array<std::uint64_t, 2> pair{record, base};
    out.append(reinterpret_cast<const char*>(pair.data()), 16);
  }
  return out + offsets.encode();
}

Result<Places> Places::decode(std::string_view bytes) {
  Places out;
  std::uint64_t count = 0;
  if (bytes.size() < 8) return fail("the index is damaged: rebuild it with `portreeve decisions --reindex`");
  std::memcpy(&count, bytes.data(), 8);
  bytes.remove_prefix(8);
  if (count > bytes.size() / 16) return fail("the index is damaged: rebuild it with `portreeve decisions --reindex`");
  for (; count > 0; --count, bytes.remove_prefix(16)) {
    std::array<std::uint64_t, 2> pair{};
    std::memcpy(pair.data(), bytes.data(), 16);
    out.segments.emplace_back(static_cast<std::uint32_t>(pair[0]), pair[1]);
  }
  TRY_ASSIGN(out.offsets, PackedNumbers::decode(bytes));
  return out;
}

void BlockBuilder::add(const RecordPlace& place, const RecordFields& fields) {
  DCHECK(times_.size() < kBlockRecords);
  if (times_.empty()) first_ = place.index;
  DCHECK(place.index == first_ + times_.size());
  if (segments_.empty() || segments_.back().second != place.base) {
    segments_.emplace_back(static_cast<std::uint32_t>(times_.size()), place.base);
  }
  for (std::size_t i = 0; i < kFieldCount; ++i) columns_[i].add(fields.values[i]);
  times_.push_back(fields.time_millis);
  offsets_.push_back(place.offset);
}

BlockColumns BlockBuilder::build() && {
  BlockColumns out;
  const auto [low, high] = std::ranges::minmax(times_);
  out.head = {first_, static_cast<std::uint32_t>(times_.size()), low, high};
  for (std::size_t i = 0; i < kFieldCount; ++i) out.columns[i] = std::move(columns_[i]).build();
  out.times = pack_times(times_, low);
  out.places = {std::move(segments_), PackedNumbers::pack(offsets_)};
  return out;
}

BlockColumns join(const BlockColumns& a, const BlockColumns& b) {
  DCHECK(a.head.first + a.head.count == b.head.first);
  BlockColumns out;
  out.head = {a.head.first, a.head.count + b.head.count, std::min(a.head.time_low, b.head.time_low),
              std::max(a.head.time_high, b.head.time_high)};
  for (std::size_t i = 0; i < kFieldCount; ++i) out.columns[i] = join(a.columns[i], b.columns[i]);
  std::vector<std::int64_t> times;
  append_times(times, a);
  append_times(times, b);
  out.times = pack_times(times, out.head.time_low);
  out.places.segments = a.places.segments;
  for (const auto& [record, base] : b.places.segments) {
    if (!out.places.segments.empty() && out.places.segments.back().second == base) continue;
    out.places.segments.emplace_back(record + a.head.count, base);
  }
  std::vector<std::uint64_t> offsets;
  for (const PackedNumbers* const packed : {&a.places.offsets, &b.places.offsets}) {
    for (std::size_t i = 0; i < packed->size(); ++i) offsets.push_back(packed->at(i));
  }
  out.places.offsets = PackedNumbers::pack(offsets);
  return out;
}

}  // namespace portreeve::storage
