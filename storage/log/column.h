// The columns of a block of records: each field's values once, and for each record which of them it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::storage {

// Codes are 16 bits.
inline constexpr std::size_t kBlockRecords = 65'536;

// The different values of a column, sorted bytewise; a value's place is its code. An absent value is the empty one.
class Dictionary {
 public:
  Dictionary() = default;
  // Requires: sorted, each once; one count a value.
  Dictionary(const std::vector<std::string_view>& values, std::vector<std::uint32_t> counts);

  std::size_t size() const { return ends_.size(); }
  std::string_view value(std::size_t code) const {
    const std::uint32_t begin = code == 0 ? 0 : ends_[code - 1];
    return std::string_view(text_).substr(begin, ends_[code] - begin);
  }
  // How many records have it.
  std::uint32_t count(std::size_t code) const { return counts_[code]; }
  // O(log size).
  std::optional<std::size_t> find(std::string_view value) const;
  // All values, one after the other: a part that occurs in none of them and over no two does not occur here.
  std::string_view text() const { return text_; }

  std::string encode() const;
  static Result<Dictionary> decode(std::string_view bytes);

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_;
  std::vector<std::uint32_t> counts_;
};

// Unsigned numbers, each in as few bytes as the largest needs: 0 (all zero), 1, 2, 4 or 8.
class PackedNumbers {
 public:
  PackedNumbers() = default;
  static PackedNumbers pack(const std::vector<std::uint64_t>& numbers);

  std::size_t size() const { return size_; }
  std::uint64_t at(std::size_t place) const;
  // Calls `body(const T* numbers)` with T the unsigned type of the width; `body(nullptr)` of std::uint8_t where all are
  // 0.
  template <class Body>
  auto visit(Body body) const {
    switch (width_) {
      case 1:
        return body(reinterpret_cast<const std::uint8_t*>(bytes_.data()));
      case 2:
        return body(reinterpret_cast<const std::uint16_t*>(bytes_.data()));
      case 4:
        return body(reinterpret_cast<const std::uint32_t*>(bytes_.data()));
      case 8:
        return body(reinterpret_cast<const std::uint64_t*>(bytes_.data()));
      default:
        return body(static_cast<const std::uint8_t*>(nullptr));
    }
  }

  std::string encode() const;
  static Result<PackedNumbers> decode(std::string_view bytes);

 private:
  std::size_t size_ = 0;
  std::uint8_t width_ = 0;
  std::vector<std::uint64_t> bytes_;  // so that every width is aligned
};

// A column: values and, by record, their codes.
struct Column {
  Dictionary dictionary;
  PackedNumbers codes;
};

// Gathers a column, record by record. At most kBlockRecords.
class ColumnBuilder {
 public:
  void add(std::string_view value);
  Column build() &&;

 private:
  std::unordered_map<std::string, std::uint32_t> places_;
  std::vector<std::uint32_t> codes_;  // in order of first sight
};

// The records of `a`, then those of `b`.
Column join(const Column& a, const Column& b);

}  // namespace portreeve::storage
