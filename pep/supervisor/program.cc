#include "pep/supervisor/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <deque>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/wire/program_path.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

constexpr int kMostLinks = 40;                // the kernel's own bound (MAXSYMLINKS)
constexpr std::size_t kFirstLineBytes = 256;  // BINPRM_BUF_SIZE

// Where the programs of a Debian, an Alpine and a Fedora are.
constexpr std::array<std::string_view, 6> kFolders = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                      "/usr/bin",        "/sbin",          "/bin"};

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

bool has_access_list(int fd) {
  const std::string path = proc_path(fd);
  return getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

// Whether `user` can write what `status` describes, or make it writable. With an access list, the group's bits are the
// most that it grants anybody it names.
bool can_change(const struct stat& status, int fd, const SandboxUser& user) {
  if (status.st_uid == user.uid || user.uid == 0) return true;
  if ((status.st_mode & S_IWOTH) != 0) return true;
  const bool of_group = status.st_gid == user.gid || has_access_list(fd);
  return (status.st_mode & S_IWGRP) != 0 && of_group;
}

std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

// The way to a file, one component at a time.
class Walk {
 public:
  explicit Walk(const SandboxUser& user) : user_(user) {}

  Status go(const std::string& path) {
    if (auto status = to_root(); !status) return status;
    std::deque<std::string> rest = components(path);
    while (!rest.empty()) {
      const std::string part = std::move(rest.front());
      rest.pop_front();
      if (auto status = step(part, rest); !status) return status;
    }
    return {};
  }
  bool stable() const { return stable_; }
  const struct stat& status() const { return status_; }
  Descriptor take() { return std::move(here_); }

 private:
  Status to_root() {
    here_ = Descriptor(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return look();
  }
  Status look() {
    if (!here_ || fstat(here_.get(), &status_) != 0) return system_fail("cannot be looked at");
    if (!S_ISLNK(status_.st_mode)) stable_ = stable_ && !can_change(status_, here_.get(), user_);
    return {};
  }
  Status step(const std::string& part, std::deque<std::string>& rest) {
    Descriptor next(openat(here_.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return system_fail("`" + printable(part) + "`");
    struct stat found {};
    if (fstat(next.get(), &found) != 0) return system_fail("`" + printable(part) + "`");
    if (!S_ISLNK(found.st_mode)) {
      here_ = std::move(next);
      return look();
    }
    // Whoever can change the folder that holds the link was seen when the walk came there.
    if (++links_ > kMostLinks) return fail("too many links");
    std::string target(limits::kChannelPathBytes + 1, '\0');
    const ssize_t size = readlinkat(next.get(), "", target.data(), target.size());
    if (size <= 0) return system_fail("the link `" + printable(part) + "`");
    if (static_cast<std::size_t>(size) > limits::kChannelPathBytes) return fail("a link's target is too long");
    target.resize(static_cast<std::size_t>(size));
    std::deque<std::string> parts = components(target);
    rest.insert(rest.begin(), parts.begin(), parts.end());
    return target.front() == '/' ? to_root() : Status();
  }

  const SandboxUser& user_;
  Descriptor here_;
  struct stat status_ {};
  bool stable_ = true;
  int links_ = 0;
};

struct FirstLine {
  std::string interpreter;
  std::string argument;
};

// As the kernel reads it (fs/binfmt_script.c): blanks around, one argument, which may hold blanks.
std::optional<FirstLine> read_first_line(int fd) {
  const Descriptor file(open(proc_path(fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text(kFirstLineBytes, '\0');
  const ssize_t size = pread(file.get(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!text.starts_with("#!")) return std::nullopt;
  text.erase(0, 2);
  text.resize(std::min(text.find('\n'), text.size()));
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto begin = std::ranges::find_if_not(text, blank);
  const auto end = std::find_if(begin, text.end(), [&](char c) { return blank(c) || c == '\0'; });
  FirstLine line;
  line.interpreter.assign(begin, end);
  const auto argument = std::find_if_not(end, text.end(), blank);
  line.argument.assign(argument, std::find(argument, text.end(), '\0'));
  while (!line.argument.empty() && blank(line.argument.back())) line.argument.pop_back();
  return line;
}

}  // namespace

Result<std::string> real_path(int fd) {
  std::string path(limits::kChannelPathBytes + 1, '\0');
  const ssize_t size = readlink(proc_path(fd).c_str(), path.data(), path.size());
  if (size <= 0) return system_fail("/proc does not tell where a file is");
  if (static_cast<std::size_t>(size) > limits::kChannelPathBytes) return fail("a file's real path is too long");
  path.resize(static_cast<std::size_t>(size));
  return path;
}

Result<OpenedFile> open_file(const std::string& path, const SandboxUser& user) {
  Walk walk(user);
  if (auto status = walk.go(path); !status) return fail("`" + printable(path) + "`: " + status.error().message);
  if (!S_ISREG(walk.status().st_mode)) return fail("`" + printable(path) + "` is no regular file");
  OpenedFile opened;
  opened.described.path = path;
  opened.described.stable = walk.stable();
  opened.file = walk.take();
  TRY_ASSIGN(std::string file, real_path(opened.file.get()));
  opened.described.file = std::move(file);
  return opened;
}

Result<OpenedProgram> open_program(const std::string& path, const SandboxUser& user) {
  OpenedProgram opened;
  TRY_ASSIGN(opened.program, open_file(path, user));
  auto line = read_first_line(opened.program.file.get());
  if (!line) return opened;
  if (!wire::is_clean_path(line->interpreter)) {
    return fail("`" + printable(path) + "` names no absolute, clean path of an interpreter");
  }
  TRY_ASSIGN(OpenedFile interpreter, open_file(line->interpreter, user));
  if (read_first_line(interpreter.file.get())) {
    return fail("the interpreter of `" + printable(path) + "` is a script itself");
  }
  opened.interpreter = std::make_unique<OpenedFile>(std::move(interpreter));
  opened.interpreter_argument = std::move(line->argument);
  return opened;
}

Result<std::string> resolve_program(std::string_view name) {
  if (name.starts_with('/')) {
    if (!wire::is_clean_path(name)) return fail("`" + printable(name) + "` is no clean path");
    return std::string(name);
  }
  if (name.empty() || name.find('/') != std::string_view::npos) {
    return fail("`" + printable(name) + "` is neither an absolute path nor a bare name");
  }
  for (const std::string_view folder : kFolders) {
    std::string path(folder);
    path.append("/").append(name);
    struct stat found {};
    if (stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && (found.st_mode & 0111) != 0) return path;
  }
  return fail("`" + printable(name) + "` is in none of the usual folders");
}

Result<OpenedFolder> open_folder(const std::string& path) {
  OpenedFolder opened;
  opened.folder = Descriptor(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened.folder) return system_fail("`" + printable(path) + "` cannot be the working directory");
  TRY_ASSIGN(opened.path, real_path(opened.folder.get()));
  return opened;
}

}  // namespace portreeve::supervisor
