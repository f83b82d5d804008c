#include "storage/log/column.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace portreeve::storage {
namespace {

// The index is rebuildable and of one machine, so that numbers are as the machine has them.
template <class T>
void append_numbers(std::string& out, const T* numbers, std::size_t count) {
  out.append(reinterpret_cast<const char*>(numbers), count * sizeof(T));
}

template <class T>
bool take_numbers(std::string_view& bytes, T* numbers, std::size_t count) {
  if (bytes.size() / sizeof(T) < count) return false;
  std::memcpy(numbers, bytes.data(), count * sizeof(T));
  bytes.remove_prefix(count * sizeof(T));
  return true;
}

constexpr char kDamaged[] = "the index is damaged: rebuild it with `portreeve decisions --reindex`";

std::vector<std::uint64_t> numbers_of(const PackedNumbers& packed) {
  std::vector<std::uint64_t> out(packed.size());
  packed.visit([&](const auto* numbers) {
    if (numbers != nullptr) std::copy(numbers, numbers + out.size(), out.begin());
  });
  return out;
}

}  // namespace

Dictionary::Dictionary(const std::vector<std::string_view>& values, std::vector<std::uint32_t> counts)
    : counts_(std::move(counts)) {
  ends_.reserve(values.size());
  for (const std::string_view value : values) {
    text_ += value;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
}

std::optional<std::size_t> Dictionary::find(std::string_view wanted) const {
  std::size_t low = 0;
  for (std::size_t high = size(); low < high;) {
    const std::size_t middle = (low + high) / 2;
    if (value(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < size() && value(low) == wanted ? std::optional(low) : std::nullopt;
}

std::string Dictionary::encode() const {
  std::string out;
  const auto count = static_cast<std::uint32_t>(size());
  append_numbers(out, &count, 1);
  append_numbers(out, ends_.data(), ends_.size());
  append_numbers(out, counts_.data(), counts_.size());
  return out + text_;
}

Result<Dictionary> Dictionary::decode(std::string_view bytes) {
  Dictionary out;
  std::uint32_t count = 0;
  if (!take_numbers(bytes, &count, 1) || count > kBlockRecords) return fail(kDamaged);
  out.ends_.resize(count);
  out.counts_.resize(count);
  if (!take_numbers(bytes, out.ends_.data(), count) || !take_numbers(bytes, out.counts_.data(), count) ||
      !std::ranges::is_sorted(out.ends_) || (count > 0 && out.ends_.back() != bytes.size())) {
    return fail(kDamaged);
  }
  out.text_ = bytes;
  return out;
}

PackedNumbers PackedNumbers::pack(const std::vector<std::uint64_t>& numbers) {
  PackedNumbers out;
  out.size_ = numbers.size();
  const std::uint64_t largest = numbers.empty() ? 0 : *std::ranges::max_element(numbers);
  out.width_ = largest == 0 ? 0 : largest <= 0xFF ? 1 : largest <= 0xFFFF ? 2 : largest <= 0xFFFF'FFFF ? 4 : 8;
  out.bytes_.resize((out.size_ * out.width_ + 7) / 8);
  auto* const bytes = reinterpret_cast<char*>(out.bytes_.data());
  const auto store = [&]<class T>(T) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const T number = static_cast<T>(numbers[i]);
      std::memcpy(bytes + i * sizeof(T), &number, sizeof(T));
    }
  };
  if (out.width_ == 1) store(std::uint8_t{});
  if (out.width_ == 2) store(std::uint16_t{});
  if (out.width_ == 4) store(std::uint32_t{});
  if (out.width_ == 8) store(std::uint64_t{});
  return out;
}

std::uint64_t PackedNumbers::at(std::size_t place) const {
  return visit([&](const auto* numbers) -> std::uint64_t { return numbers == nullptr ? 0 : numbers[place]; });
}

std::string PackedNumbers::encode() const {
  std::string out;
  const auto count = static_cast<std::uint32_t>(size_);
  const std::uint32_t width = width_;
  append_numbers(out, &count, 1);
  append_numbers(out, &width, 1);
  out.append(reinterpret_cast<const char*>(bytes_.data()), size_ * width_);
  return out;
}

Result<PackedNumbers> PackedNumbers::decode(std::string_view bytes) {
  PackedNumbers out;
  std::uint32_t count = 0, width = 0;
  if (!take_numbers(bytes, &count, 1) || !take_numbers(bytes, &width, 1)) return fail(kDamaged);
  const bool known = width == 0 || width == 1 || width == 2 || width == 4 || width == 8;
  if (!known || count > kBlockRecords || bytes.size() != std::size_t{count} * width) return fail(kDamaged);
  out.size_ = count;
  out.width_ = static_cast<std::uint8_t>(width);
  out.bytes_.resize((bytes.size() + 7) / 8);
  if (!bytes.empty()) std::memcpy(out.bytes_.data(), bytes.data(), bytes.size());
  return out;
}

void ColumnBuilder::add(std::string_view value) {
  const auto [place, fresh] = places_.try_emplace(std::string(value), static_cast<std::uint32_t>(places_.size()));
  codes_.push_back(place->second);
}

Column ColumnBuilder::build() && {
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted(places_.begin(), places_.end());
  std::ranges::sort(sorted);
  std::vector<std::uint64_t> code_of(sorted.size());
  std::vector<std::string_view> values;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    values.push_back(sorted[i].first);
    code_of[sorted[i].second] = i;
  }
  std::vector<std::uint32_t> counts(sorted.size());
  std::vector<std::uint64_t> codes;
  codes.reserve(codes_.size());
  for (const std::uint32_t code : codes_) {
    codes.push_back(code_of[code]);
    ++counts[code_of[code]];
  }
  return {Dictionary(values, std::move(counts)), PackedNumbers::pack(codes)};
}

Column join(const Column& a, const Column& b) {
  std::vector<std::string_view> values;
  std::vector<std::uint32_t> counts;
  std::vector<std::uint64_t> from_a(a.dictionary.size()), from_b(b.dictionary.size());
  for (std::size_t i = 0, j = 0; i < from_a.size() || j < from_b.size();) {
    const bool takes_a = j == from_b.size() || (i < from_a.size() && a.dictionary.value(i) <= b.dictionary.value(j));
    const bool takes_b = i == from_a.size() || (j < from_b.size() && b.dictionary.value(j) <= a.dictionary.value(i));
    values.push_back(takes_a ? a.dictionary.value(i) : b.dictionary.value(j));
    counts.push_back((takes_a ? a.dictionary.count(i) : 0) + (takes_b ? b.dictionary.count(j) : 0));
    if (takes_a) from_a[i++] = values.size() - 1;
    if (takes_b) from_b[j++] = values.size() - 1;
  }
  std::vector<std::uint64_t> codes;
  codes.reserve(a.codes.size() + b.codes.size());
  for (const std::uint64_t code : numbers_of(a.codes)) codes.push_back(from_a[code]);
  for (const std::uint64_t code : numbers_of(b.codes)) codes.push_back(from_b[code]);
  return {Dictionary(values, std::move(counts)), PackedNumbers::pack(codes)};
}

}  // namespace portreeve::storage
