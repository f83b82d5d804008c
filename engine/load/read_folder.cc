#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/load/files.h"
#include "engine/load/load.h"

namespace portreeve::load {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFolderDepth = 32;

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

auto refused(const std::string& path, std::string_view why) {
  return fail(fmt::format("{}: {}", printable(path), why));
}

bool is_policy_file(std::string_view name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

// What sha256sum would print in another form, or a terminal not at all.
bool is_plain_name(std::string_view name) {
  return name.find('\\') == std::string_view::npos && printable(name, name.size()) == name;
}

class FolderReader {
 public:
  explicit FolderReader(std::string root) : root_(std::move(root)) {}

  Status read(const std::string& relative) {
    const std::string folder = relative.empty() ? root_ : root_ + "/" + relative;
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0) return refused(folder, std::strerror(errno));
    if (!S_ISDIR(about.st_mode)) return refused(folder, "not a folder");
    const std::pair<dev_t, ino_t> identity{about.st_dev, about.st_ino};
    if (open_.size() >= kMostFolderDepth) return refused(folder, "folders nested too deep");
    if (!open_.insert(identity).second) return refused(folder, "a symbolic link leads back to a folder above it");
    auto status = read_entries(folder, relative);
    open_.erase(identity);
    return status;
  }

  std::vector<wire::PolicyFile> take() {
    std::ranges::sort(files_, {}, &wire::PolicyFile::path);
    return std::move(files_);
  }

 private:
  Status read_entries(const std::string& folder, const std::string& relative) {
    std::error_code fault;
    fs::directory_iterator entries(folder, fault);
    for (; !fault && entries != fs::directory_iterator(); entries.increment(fault)) {
      const std::string name = entries->path().filename().string();
      if (name.starts_with('.')) continue;
      const std::string path = relative.empty() ? name : relative + "/" + name;
      std::error_code no_status;
      const bool is_folder = entries->is_directory(no_status);
      if (!is_folder && !is_policy_file(name)) continue;
      if (!is_plain_name(name))
        return refused(path, "a name with a backslash, a control character or ill-formed UTF-8");
      if (auto read_one = is_folder ? read(path) : read_policy(path); !read_one) return fail(read_one.error());
    }
    if (fault) return refused(folder, fault.message());
    return {};
  }

  Status read_policy(const std::string& path) {
    if (files_.size() >= limits::kPolicyFiles)
      return refused(path, fmt::format("more than {} files", limits::kPolicyFiles));
    auto bytes = read_file(root_ + "/" + path, limits::kPolicyFileBytes);
    if (!bytes) return fail(std::move(bytes).error());
    total_ += bytes->size();
    if (total_ > limits::kPolicySetBytes) {
      return refused(root_, fmt::format("more than {} bytes of policies", limits::kPolicySetBytes));
    }
    files_.push_back({path, *std::move(bytes)});
    return {};
  }

  const std::string root_;
  std::vector<wire::PolicyFile> files_;
  std::size_t total_ = 0;
  std::set<std::pair<dev_t, ino_t>> open_;  // the folders that are being read, outermost first
};

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most) {
  // Without blocking: a named pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return refused(path, std::strerror(errno));
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return refused(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return refused(path, "not a regular file");
  std::string bytes;
  bytes.resize(std::min(static_cast<std::size_t>(about.st_size), most) + 1);
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(path, std::strerror(errno));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have == bytes.size() && have <= most) bytes.resize(std::min(have * 2, most + 1));
  }
  if (have > most) return refused(path, fmt::format("more than {} bytes", most));
  bytes.resize(have);
  return bytes;
}

Result<std::vector<wire::PolicyFile>> read_folder(const std::string& folder) {
  FolderReader reader(folder);
  if (auto status = reader.read(""); !status) return fail(std::move(status).error());
  auto files = reader.take();
  if (files.empty()) return refused(folder, "holds no policy: no `*.yaml` or `*.yml` below it");
  return files;
}

}  // namespace portreeve::load
