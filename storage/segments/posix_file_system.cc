#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "storage/segments/file_system.h"

namespace portreeve::storage {
namespace {

tl::unexpected<Error> system_error(std::string_view doing, std::string_view path, int code) {
  return fail(
      fmt::format("{} `{}`: {}", doing, path, std::strerror(code)));  // NOLINT(concurrency-mt-unsafe) glibc's is
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path, std::uint64_t end)
      : descriptor_(descriptor), path_(std::move(path)), end_(end) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> append_some(std::string_view bytes) override {
    for (;;) {
      const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("cannot write", path_, errno);
      if (written == 0 && !bytes.empty()) return system_error("cannot write", path_, EIO);
      end_ += static_cast<std::uint64_t>(written);
      return static_cast<std::size_t>(written);
    }
  }

  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return system_error("cannot write", path_, written < 0 ? errno : EIO);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    end_ = std::max(end_, offset);
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
    std::size_t total = 0;
    while (total < buffer.size()) {
      const ssize_t got =
          ::pread(descriptor_, buffer.data() + total, buffer.size() - total, static_cast<off_t>(offset + total));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error("cannot read", path_, errno);
      if (got == 0) break;
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return system_error("cannot stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return system_error("cannot truncate", path_, errno);
    end_ = size;
    return {};
  }

  Status sync_data() override {
    if (::fdatasync(descriptor_) != 0) return system_error("cannot sync", path_, errno);
    return {};
  }

  Result<bool> try_lock() override {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return system_error("cannot lock", path_, errno);
  }

 private:
  const int descriptor_;
  const std::string path_;
  std::uint64_t end_;  // where append_some() writes: no O_APPEND, which on Linux makes pwrite ignore its offset
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::append:
      return O_RDWR;
    case OpenMode::create_append:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::read_write_create:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int descriptor = ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0600);
    if (descriptor < 0) return system_error("cannot open", path, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) {
      const int code = errno;
      ::close(descriptor);
      return system_error("cannot stat", path, code);
    }
    return std::make_unique<PosixFile>(descriptor, path, static_cast<std::uint64_t>(status.st_size));
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    DIR* const open = ::opendir(directory.c_str());
    if (open == nullptr) return system_error("cannot read the folder", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const entry = ::readdir(open)) {  // NOLINT(concurrency-mt-unsafe) a stream of its own
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int code = errno;
    ::closedir(open);
    if (code != 0) return system_error("cannot read the folder", directory, code);
    std::ranges::sort(names);
    return names;
  }

  Result<bool> exists(const std::string& path) override {
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return system_error("cannot look at", path, errno);
  }

  Status make_directories(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent_of(path));
    if (errno == EEXIST) return {};
    const std::string parent = parent_of(path);
    if (errno != ENOENT || parent == path) return system_error("cannot make the folder", path, errno);
    if (const Status made = make_directories(parent); !made) return made;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error("cannot make the folder", path, errno);
    return sync_directory(parent);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename to", to, errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove", path, errno);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error("cannot open", path, errno);
    const int code = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    if (code != 0) return system_error("cannot sync", path, code);
    return {};
  }

 private:
  static std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace portreeve::storage
