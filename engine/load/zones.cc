#include "engine/load/zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "engine/base/text.h"
#include "engine/load/files.h"
#include "engine/load/revision.h"

namespace portreeve::load {
namespace {

// TZif files of the database are under 4 KiB; an old "fat" one, under 8 KiB.
constexpr std::size_t kMostZoneBytes = 64u << 10;

// `Europe/Berlin`, `Etc/GMT+1`: never a path out of the folder.
bool is_zone_name(std::string_view name) {
  const auto is_letter = [](char c) { return (to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z'); };
  return !name.empty() && name.size() <= 64 && is_letter(name.front()) && name.find("//") == std::string_view::npos &&
         name.back() != '/' && std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
         });
}

}  // namespace

Result<ReadZone> read_zone(const std::string& zoneinfo, std::string_view name) {
  const auto bytes = is_zone_name(name) ? read_file(fmt::format("{}/{}", zoneinfo, name), kMostZoneBytes)
                                        : Result<std::string>(fail("no name of a zone"));
  if (!bytes) return fail(fmt::format("unknown time zone `{}`; write a name like `Europe/Berlin`", printable(name)));
  auto zone = cel::Zone::parse_tzif(std::as_bytes(std::span(bytes->data(), bytes->size())));
  if (!zone) return fail(fmt::format("time zone `{}` cannot be read: {}", name, zone.error().message));
  return ReadZone{std::make_shared<const cel::Zone>(*std::move(zone)), sha256_hex(*bytes)};
}

}  // namespace portreeve::load
