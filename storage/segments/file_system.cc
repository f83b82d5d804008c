#include "storage/segments/file_system.h"

#include <fmt/format.h>

namespace portreeve::storage {

Status append_all(File& file, std::string_view bytes) {
  while (!bytes.empty()) {
    TRY_ASSIGN(const std::size_t written, file.append_some(bytes));
    bytes.remove_prefix(written);
  }
  return {};
}

Result<std::string> read_file(FileSystem& files, const std::string& path, std::size_t most) {
  TRY_ASSIGN(const std::unique_ptr<File> file, files.open(path, OpenMode::read));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > most) return fail(fmt::format("`{}` has {} bytes, at most {} are read", path, size, most));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  TRY_ASSIGN(const std::size_t got, file->read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

Status replace_file(FileSystem& files, const std::string& directory, const std::string& name, std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string aside = path + ".new";
  if (const Status removed = files.remove(aside); !removed) return removed;
  {
    TRY_ASSIGN(const std::unique_ptr<File> file, files.open(aside, OpenMode::create_append));
    if (const Status written = append_all(*file, bytes); !written) return written;
    if (const Status synced = file->sync_data(); !synced) return synced;
  }
  if (const Status renamed = files.rename(aside, path); !renamed) return renamed;
  return files.sync_directory(directory);
}

Result<DirectoryLock> DirectoryLock::acquire(FileSystem& files, const std::string& directory, std::string_view name) {
  if (const Status made = files.make_directories(directory); !made) return fail(made.error());
  const std::string path = fmt::format("{}/{}", directory, name);
  TRY_ASSIGN(std::unique_ptr<File> file, files.open(path, OpenMode::read_write_create));
  TRY_ASSIGN(const bool free, file->try_lock());
  if (!free) return fail(fmt::format("`{}` is locked: another process owns this folder", path));
  return DirectoryLock(std::move(file));
}

}  // namespace portreeve::storage
