// The one seam between the storage code and the disk, so that tests can make it fail.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::storage {

// An open file. Closes with its destruction. One thread at a time, but read_at() any thread.
class File {
 public:
  virtual ~File() = default;
  // Appends at the end; may write less than given, as write(2) may, but at least one byte.
  virtual Result<std::size_t> append_some(std::string_view bytes) = 0;
  // Overwrites in place; all or an error.
  virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  // Reads up to buffer.size() bytes; less only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  // fdatasync: what was written, and the size, survive a crash.
  virtual Status sync_data() = 0;
  // True if the lock was free: one owner among all open files, let go when the file closes (flock).
  virtual Result<bool> try_lock() = 0;
};

enum class OpenMode : std::uint8_t { read, append, create_append, read_write_create };

// Errors name the path and say what the system said. Any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // kCreateAppend refuses a file that exists. Files are made with mode 0600, folders with 0700.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // The names in a folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Makes the folder and those above it, and syncs the folder above each one made.
  virtual Status make_directories(const std::string& path) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // fsync of a folder: names made, changed and removed in it survive a crash.
  virtual Status sync_directory(const std::string& path) = 0;
};

std::unique_ptr<FileSystem> make_posix_file_system();

// Appends all of it, however often the system takes only a part.
Status append_all(File& file, std::string_view bytes);
// Reads the whole file. Fails where it is larger than `most`.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::size_t most);
// Replaces a small file durably: written aside (`<path>.new`), synced, renamed, the folder synced.
Status replace_file(FileSystem& files, const std::string& directory, const std::string& name, std::string_view bytes);

// Holds `<directory>/<name>` locked against every other holder, in this and other processes, for its lifetime.
class DirectoryLock {
 public:
  // Makes the folder and the file where they are missing. Fails where another holds it.
  static Result<DirectoryLock> acquire(FileSystem& files, const std::string& directory, std::string_view name = "LOCK");

 private:
  explicit DirectoryLock(std::unique_ptr<File> file) : file_(std::move(file)) {}
  std::unique_ptr<File> file_;
};

}  // namespace portreeve::storage
