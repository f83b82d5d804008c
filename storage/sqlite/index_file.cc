#include "storage/sqlite/index_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "storage/segments/file_system.h"

namespace portreeve::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLink = "index.sqlite";
constexpr std::string_view kLinkAside = "index.sqlite.new";

// The n of `index.<n>.sqlite`, also with `-wal` or `-shm` behind it.
std::optional<std::uint64_t> generation_of(std::string_view name) {
  if (!name.starts_with("index.")) return std::nullopt;
  name.remove_prefix(6);
  std::uint64_t generation = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), generation);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view rest = name.substr(static_cast<std::size_t>(end - name.data()));
  if (rest != ".sqlite" && rest != ".sqlite-wal" && rest != ".sqlite-shm") return std::nullopt;
  return generation;
}

std::vector<fs::path> index_files(const std::string& data) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(data, ignored)) {
    if (generation_of(entry.path().filename().string())) found.push_back(entry.path());
  }
  return found;
}

}  // namespace

std::string current_index_file(const std::string& data) {
  std::error_code error;
  const fs::path file = fs::canonical(fs::path(data) / kLink, error);
  return error ? std::string() : file.string();
}

Result<std::string> new_index_file(const std::string& data) {
  std::uint64_t next = 1;
  for (const fs::path& file : index_files(data)) next = std::max(next, *generation_of(file.filename().string()) + 1);
  return (fs::path(data) / ("index." + std::to_string(next) + ".sqlite")).string();
}

Status publish_index_file(const std::string& data, const std::string& file) {
  const fs::path aside = fs::path(data) / kLinkAside;
  const fs::path name = fs::path(file).filename();
  std::error_code error;
  fs::remove(aside, error);
  fs::create_symlink(name, aside, error);
  if (!error) fs::rename(aside, fs::path(data) / kLink, error);
  if (error) return fail("cannot put the new index in place in `" + data + "`: " + error.message());
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  if (const Status synced = files->sync_directory(data); !synced) return synced;
  const auto generation = generation_of(name.string());
  for (const fs::path& old : index_files(data)) {
    if (generation_of(old.filename().string()) != generation) fs::remove(old, error);
  }
  return {};
}

}  // namespace portreeve::storage
