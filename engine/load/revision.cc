#include "engine/load/revision.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/base/text.h"
#include "engine/load/load.h"

namespace portreeve::load {

std::string sha256_hex(std::string_view bytes) {
  std::array<char, 32> digest{};
  unsigned int length = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &length,
                              EVP_sha256(), nullptr);
  CHECK(done == 1 && length == digest.size());
  return hex_encode({digest.data(), digest.size()});
}

std::string revision_of(const std::vector<wire::PolicyFile>& files, const std::vector<ZoneDigest>& zones) {
  std::vector<const wire::PolicyFile*> sorted;
  for (const wire::PolicyFile& file : files) sorted.push_back(&file);
  std::ranges::sort(sorted, {}, [](const wire::PolicyFile* file) -> const std::string& { return file->path; });
  std::vector<const ZoneDigest*> sorted_zones;
  for (const ZoneDigest& zone : zones) sorted_zones.push_back(&zone);
  std::ranges::sort(sorted_zones, {}, [](const ZoneDigest* zone) -> const std::string& { return zone->name; });

  std::string text;
  for (const wire::PolicyFile* file : sorted) text += fmt::format("{}  {}\n", sha256_hex(file->bytes), file->path);
  for (const ZoneDigest* zone : sorted_zones) text += fmt::format("{}  zone:{}\n", zone->sha256_hex, zone->name);
  return "sha256:" + sha256_hex(text);
}

}  // namespace portreeve::load
