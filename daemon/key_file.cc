#include "daemon/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace portreeve::daemon {
namespace {

constexpr std::size_t kMostKeyFileBytes = 64u << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// Removes the name on leaving; one that is gone already does no harm.
class Unlinker {
 public:
  explicit Unlinker(const std::string& name) : name_(name) {}
  ~Unlinker() { ::unlink(name_.c_str()); }
  Unlinker(const Unlinker&) = delete;
  Unlinker& operator=(const Unlinker&) = delete;

 private:
  const std::string& name_;
};

auto system_error(std::string_view what, const std::filesystem::path& file) {
  return fail(fmt::format("{}: {}: {}", file.string(), what, std::generic_category().message(errno)));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status sync_folder_of(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_error("cannot sync the folder", folder);
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_key_file(const std::filesystem::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return system_error("cannot open the key file", file);
  }
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return system_error("cannot look at the key file", file);
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("{}: not a file", file.string()));
  if (status.st_uid != ::geteuid()) {
    return fail(fmt::format("{0}: a key file of another user (uid {1}); `chown {2} {0}` if it is to be trusted",
                            file.string(), status.st_uid, ::geteuid()));
  }
  if ((status.st_mode & 0077) != 0) {
    return fail(
        fmt::format("{0}: a key file that others have rights on (mode {1:04o}); `chmod 600 {0}`, and make a new "
                    "key if they may have read it",
                    file.string(), status.st_mode & 07777));
  }
  std::string content;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t got = ::read(in.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the key file", file);
    if (got == 0) return std::optional<std::string>(std::move(content));
    content.append(block.data(), static_cast<std::size_t>(got));
    if (content.size() > kMostKeyFileBytes) return fail(fmt::format("{}: too large for a key file", file.string()));
  }
}

Result<bool> write_key_file(const std::filesystem::path& file, std::string_view content, IfPresent if_present) {
  std::string aside = file.string() + ".new-XXXXXX";
  const Descriptor out(::mkostemp(aside.data(), O_CLOEXEC));  // mode 0600
  if (out.get() < 0) return system_error("cannot create the key file", aside);
  const Unlinker remove_aside(aside);
  if (!write_all(out.get(), content) || ::fsync(out.get()) != 0) {
    return system_error("cannot write the key file", aside);
  }
  // link(2), unlike rename(2), never replaces what another process put there meanwhile.
  const int placed =
      if_present == IfPresent::replace ? ::rename(aside.c_str(), file.c_str()) : ::link(aside.c_str(), file.c_str());
  if (placed != 0 && errno == EEXIST && if_present == IfPresent::fail) return false;
  if (placed != 0) return system_error("cannot put the key file in place", file);
  if (auto synced = sync_folder_of(file); !synced) return fail(synced.error());
  return true;
}

Status make_key_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  if (errno == ENOENT && folder.has_parent_path() && folder.parent_path() != folder) {
    if (auto made = make_key_folder(folder.parent_path()); !made) return made;
    if (::mkdir(folder.c_str(), 0700) == 0) return {};
  }
  if (errno == EEXIST && std::filesystem::is_directory(folder)) return {};
  return system_error("cannot make the folder", folder);
}

}  // namespace portreeve::daemon
