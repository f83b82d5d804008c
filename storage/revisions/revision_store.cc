#include "storage/revisions/revision_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "engine/base/mutex.h"
#include "engine/base/text.h"

namespace portreeve::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "sha256:";
constexpr std::string_view kAside = ".new";

std::optional<std::string> hex_of(std::string_view revision) {
  if (!revision.starts_with(kPrefix)) return std::nullopt;
  revision.remove_prefix(kPrefix.size());
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (revision.size() != 64 || !std::ranges::all_of(revision, is_hex)) return std::nullopt;
  return std::string(revision);
}

tl::unexpected<Error> malformed(std::string_view revision) {
  return fail(fmt::format("`{}` is no revision: `sha256:` and 64 lower-case hex digits are", printable(revision)));
}

bool is_clean_relative(std::string_view path) {
  const auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; };
  if (path.empty() || path.size() > 1024 || std::ranges::any_of(path, bad)) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

tl::unexpected<Error> system_error(std::string_view doing, const fs::path& path, int code) {
  return fail(fmt::format("cannot {} `{}`: {}", doing, path.string(), std::generic_category().message(code)));
}

Status write_all_synced(int descriptor, const fs::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("write", path, written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return system_error("sync", path, errno);
  return {};
}

Status write_file(const fs::path& path, std::string_view bytes, int flags) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (descriptor < 0) return system_error("open", path, errno);
  const Status written = write_all_synced(descriptor, path, bytes);
  ::close(descriptor);
  return written;
}

Status sync_folder(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path, errno);
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return code == 0 ? Status{} : Status(system_error("sync", path, code));
}

Result<std::string> read_whole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(fmt::format("cannot open `{}`", path.string()));
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return fail(fmt::format("cannot read `{}`", path.string()));
  return bytes;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return hex_encode({reinterpret_cast<const char*>(digest), size});
}

Result<std::vector<Activation>> parse_activations(std::string_view text) {
  std::vector<Activation> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // a crash cut the last line: it was never acknowledged
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !hex_of(line.substr(space + 1))) {
      return fail(fmt::format("`{}` is no activation", printable(line)));
    }
    TRY_ASSIGN(const Timestamp time, Timestamp::parse(line.substr(0, space)));
    found.push_back({time, std::string(line.substr(space + 1))});
  }
  return found;
}

class FolderRevisionStore final : public RevisionStore {
 public:
  explicit FolderRevisionStore(fs::path root) : root_(std::move(root)) {}

  Status prepare() {
    std::error_code error;
    fs::create_directories(root_, error);
    if (error) return fail(fmt::format("cannot make the folder `{}`: {}", root_.string(), error.message()));
    fs::permissions(root_, fs::perms::owner_all, error);
    for (const auto& entry : fs::directory_iterator(root_, error)) {
      if (entry.path().filename().string().ends_with(kAside)) fs::remove_all(entry.path(), error);
    }
    TRY_ASSIGN(const std::string text, activations_text());
    const std::size_t whole = text.rfind('\n') + 1;  // npos + 1 is 0
    if (whole == text.size()) return {};
    if (::truncate(activations_path().c_str(), static_cast<off_t>(whole)) != 0) {
      return system_error("truncate", activations_path(), errno);
    }
    return {};
  }

  Status put(std::string_view revision, const std::vector<wire::PolicyFile>& files) override {
    const MutexLock lock(mutex_);
    const auto hex = hex_of(revision);
    if (!hex) return malformed(revision);
    const fs::path final_path = root_ / *hex;
    std::error_code error;
    if (fs::exists(final_path, error)) return {};
    std::vector<const wire::PolicyFile*> sorted;
    for (const wire::PolicyFile& file : files) {
      if (!is_clean_relative(file.path)) {
        return fail(fmt::format("`{}` is no path below a policy folder", printable(file.path)));
      }
      sorted.push_back(&file);
    }
    std::ranges::sort(sorted, {}, &wire::PolicyFile::path);
    const auto twice = std::ranges::adjacent_find(sorted, {}, &wire::PolicyFile::path);
    if (twice != sorted.end()) return fail(fmt::format("`{}` is there twice", (*twice)->path));
    const fs::path aside = root_ / (*hex + std::string(kAside));
    fs::remove_all(aside, error);
    if (const Status written = write_revision(aside, sorted); !written) return written;
    fs::rename(aside, final_path, error);
    if (error) return fail(fmt::format("cannot rename to `{}`: {}", final_path.string(), error.message()));
    return sync_folder(root_);
  }

  Result<std::vector<wire::PolicyFile>> read(std::string_view revision) override {
    const MutexLock lock(mutex_);
    const auto hex = hex_of(revision);
    if (!hex) return malformed(revision);
    const fs::path folder = root_ / *hex;
    TRY_ASSIGN(const std::string manifest, read_whole(folder / "MANIFEST"));
    std::vector<wire::PolicyFile> files;
    std::string_view rest = manifest;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos || end < 67) {
        return fail(fmt::format("`{}` is damaged", (folder / "MANIFEST").string()));
      }
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      const std::string_view path = line.substr(66);
      if (!is_clean_relative(path)) return fail(fmt::format("`{}` is damaged", (folder / "MANIFEST").string()));
      TRY_ASSIGN(std::string bytes, read_whole(folder / "files" / path));
      if (sha256_hex(bytes) != line.substr(0, 64)) {
        return fail(fmt::format("`{}` is not what `MANIFEST` says", (folder / "files" / path).string()));
      }
      files.push_back({std::string(path), std::move(bytes)});
    }
    return files;
  }

  Result<std::vector<std::string>> list() override {
    const MutexLock lock(mutex_);
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_, error)) {
      std::string revision = std::string(kPrefix) + entry.path().filename().string();
      if (hex_of(revision)) found.push_back(std::move(revision));
    }
    if (error) return fail(fmt::format("cannot read the folder `{}`: {}", root_.string(), error.message()));
    std::ranges::sort(found);
    return found;
  }

  Status activate(std::string_view revision, Timestamp time) override {
    const MutexLock lock(mutex_);
    const auto hex = hex_of(revision);
    if (!hex) return malformed(revision);
    std::error_code error;
    if (!fs::exists(root_ / *hex / "MANIFEST", error))
      return fail(fmt::format("revision `{}` is not stored", revision));
    const std::string line = fmt::format("{} {}\n", to_rfc3339_millis(time), revision);
    if (const Status noted = write_file(activations_path(), line, O_APPEND); !noted) return noted;
    const fs::path aside = root_ / ("ACTIVE" + std::string(kAside));
    if (const Status written = write_file(aside, line, O_TRUNC); !written) return written;
    fs::rename(aside, root_ / "ACTIVE", error);
    if (error) return fail(fmt::format("cannot rename to `{}`: {}", (root_ / "ACTIVE").string(), error.message()));
    return sync_folder(root_);
  }

  Result<std::optional<Activation>> latest() override {
    TRY_ASSIGN(std::vector<Activation> all, activations());
    return all.empty() ? std::nullopt : std::optional(std::move(all.back()));
  }

  Result<std::vector<Activation>> activations() override {
    const MutexLock lock(mutex_);
    TRY_ASSIGN(const std::string text, activations_text());
    auto parsed = parse_activations(text);
    if (!parsed) return fail(fmt::format("{}: {}", activations_path().string(), parsed.error().message));
    return parsed;
  }

 private:
  fs::path activations_path() const { return root_ / "ACTIVATIONS"; }

  Result<std::string> activations_text() const {
    std::error_code error;
    if (!fs::exists(activations_path(), error)) return std::string();
    return read_whole(activations_path());
  }

  Status write_revision(const fs::path& aside, const std::vector<const wire::PolicyFile*>& files) {
    std::error_code error;
    std::string manifest;
    std::vector<fs::path> folders{aside, aside / "files"};
    fs::create_directories(folders.back(), error);
    for (const wire::PolicyFile* const file : files) {
      const fs::path path = aside / "files" / file->path;
      for (fs::path folder = path.parent_path(); folder != aside / "files"; folder = folder.parent_path()) {
        folders.push_back(folder);
      }
      fs::create_directories(path.parent_path(), error);
      if (error) return fail(fmt::format("cannot make the folder of `{}`: {}", path.string(), error.message()));
      if (const Status written = write_file(path, file->bytes, O_EXCL); !written) return written;
      manifest += fmt::format("{}  {}\n", sha256_hex(file->bytes), file->path);
    }
    if (const Status written = write_file(aside / "MANIFEST", manifest, O_EXCL); !written) return written;
    std::ranges::sort(folders);
    folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
    for (const fs::path& folder : folders) {
      if (const Status synced = sync_folder(folder); !synced) return synced;
    }
    return {};
  }

  const fs::path root_;
  Mutex mutex_;
};

}  // namespace

Result<std::unique_ptr<RevisionStore>> RevisionStore::open(std::string directory) {
  auto store = std::make_unique<FolderRevisionStore>(std::move(directory));
  if (const Status prepared = store->prepare(); !prepared) return fail(prepared.error());
  return store;
}

Result<std::vector<wire::PolicyFile>> RevisionStore::read_beside(std::string directory, std::string_view revision) {
  return FolderRevisionStore(std::move(directory)).read(revision);
}

}  // namespace portreeve::storage
