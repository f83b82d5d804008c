// What to look for in the decision log, and what is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/wire/record.h"

namespace portreeve::storage {

// All that is set must hold. Texts are compared whole and case-sensitively unless said otherwise.
struct RecordFilter {
  std::optional<Timestamp> from = {};   // from <= the PDP's clock at the record
  std::optional<Timestamp> until = {};  // the PDP's clock at the record < until
  std::optional<wire::RecordKind> kind = {};
  std::optional<std::string> decision_id = {};  // the decision and what gates report of it
  std::optional<bool> decision = {};            // allowed or not; decisions only
  std::optional<std::string> reason = {};
  std::optional<std::string> subject = {};  // subject.id
  std::optional<std::string> session = {};
  std::optional<std::string> tenant = {};
  std::optional<std::string> action = {};
  std::optional<std::string> resource_type = {};
  std::optional<std::string> resource = {};  // a part of resource.id, ASCII case ignored
  std::optional<std::string> host = {};      // resource.properties.host, ASCII case ignored
  std::optional<std::string> rule = {};      // one of the determining rules: `policy/rule`
  std::optional<std::string> revision = {};
  std::optional<std::string> pep = {};             // the gate that asked or reported
  std::optional<std::string> other_than_pep = {};  // any gate but that one, or none
  std::optional<std::string> event = {};           // what a gate reports
  std::optional<std::string> text = {};  // a part of one of the record's texts (RecordFields), ASCII case ignored
};

enum class PageOrder : std::uint8_t { newest_first, oldest_first };

// Keyset pagination: `after` is the index of the last record seen (the next page goes on behind it, in `order`).
struct PageRequest {
  PageOrder order = PageOrder::newest_first;
  std::optional<std::uint64_t> after = {};
  std::size_t limit = 100;  // at most kMostPerPage are returned
};
inline constexpr std::size_t kMostPerPage = 10'000;

// A record as stored: its leaf number and its canonical bytes.
struct LoggedRecord {
  std::uint64_t index = 0;
  std::string bytes;
  friend bool operator==(const LoggedRecord&, const LoggedRecord&) = default;
};

struct RecordPage {
  std::vector<LoggedRecord> records;
  std::optional<std::uint64_t> next = {};  // set where there may be more: the next PageRequest::after
};

struct FollowPage {
  std::vector<LoggedRecord> records;
  std::uint64_t next = 0;  // the next `from`
};

}  // namespace portreeve::storage
