#include "pep/supervisor/confine/never_writable.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/supervisor/descriptor.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

// In a home, and in each granted folder itself. Frozen: docs/supervisor.md
constexpr std::array<std::string_view, 56> kAtHome = {
    // Shells, and what they and the terminal read at their start.
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv",
    ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".mkshrc", ".cshrc", ".tcshrc", ".login", ".logout", ".inputrc",
    ".pam_environment", ".xprofile", ".config/fish", ".config/environment.d", ".config/systemd", ".config/autostart",
    // git, and programs that it or a package manager runs.
    ".gitconfig", ".config/git", ".npmrc", ".yarnrc", ".pypirc", ".pip", ".config/pip", ".cargo/config.toml",
    ".cargo/config", ".gemrc", ".condarc", ".gdbinit", ".pythonrc", ".vimrc", ".config/nvim", ".emacs",
    // Credentials.
    ".ssh", ".gnupg", ".netrc", ".aws", ".azure", ".kube", ".docker", ".oci", ".config/gcloud", ".config/gh",
    ".config/hub", ".git-credentials", ".vault-token", ".terraform.d", ".config/op", ".password-store"};

// Anywhere below a granted folder. Frozen: docs/supervisor.md
constexpr std::array<std::string_view, 14> kAnywhere = {
    ".vscode", ".idea",   ".zed",      ".fleet",    ".devcontainer", ".claude", ".cursor",
    ".codex",  ".gemini", ".windsurf", ".continue", ".mcp.json",     ".envrc",  ".cursorrules"};
constexpr std::string_view kGit = ".git";
constexpr std::string_view kHooks = "hooks";

constexpr std::string_view kTree = "/**";

bool is_kernels(int fd) {
  struct statfs status {};
  if (fstatfs(fd, &status) != 0) return true;
  const auto type = static_cast<unsigned long>(status.f_type);
  return type == PROC_SUPER_MAGIC || type == SYSFS_MAGIC || type == CGROUP_SUPER_MAGIC || type == CGROUP2_SUPER_MAGIC ||
         type == DEVPTS_SUPER_MAGIC || type == DEBUGFS_MAGIC || type == TRACEFS_MAGIC;
}

std::string below(const std::string& folder, std::string_view name) {
  std::string path = folder == "/" ? std::string() : folder;
  return path.append("/").append(name);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

class Finder {
 public:
  // What stands at `path`, which is in a granted place, becomes one of the found.
  Status consider(const std::string& path) {
    struct stat status {};
    if (fstatat(AT_FDCWD, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (S_ISLNK(status.st_mode)) return fail("`" + printable(path) + "` is a link, and must never be written");
    if (S_ISREG(status.st_mode) && status.st_nlink > 1) {
      return fail("`" + printable(path) + "` has a second name, and must never be written");
    }
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) found_.insert(path);
    return {};
  }
  Status consider_home(const std::string& home) {
    for (const std::string_view name : kAtHome) {
      if (auto status = consider(below(home, name)); !status) return status;
    }
    return {};
  }
  // Walks the tree below `folder`, which is open.
  Status walk(Descriptor folder, const std::string& path, std::size_t depth) {
    if (depth > limits::kSandboxDepth) return fail("`" + printable(path) + "` lies too deep to be looked through");
    if (is_kernels(folder.get())) return {};
    const Directory directory(fdopendir(folder.release()));
    if (!directory) return system_fail("`" + printable(path) + "`");
    const bool in_git = path.ends_with("/.git");
    while (const dirent* entry = readdir(directory.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++entries_ > limits::kSandboxEntries) return fail("there is more to be looked through than is allowed");
      const bool wanted = std::ranges::find(kAnywhere, name) != kAnywhere.end() || (in_git && name == kHooks);
      if (wanted) {
        if (auto status = consider(below(path, name)); !status) return status;
        continue;
      }
      // Of a repository itself only what stands at its top matters.
      if (in_git || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)) continue;
      Descriptor next(openat(dirfd(directory.get()), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) continue;  // no folder, or gone
      if (auto status = walk(std::move(next), below(path, name), depth + 1); !status) return status;
    }
    return {};
  }
  std::vector<std::string> found() const { return {found_.begin(), found_.end()}; }

 private:
  std::set<std::string> found_;
  std::size_t entries_ = 0;
};

Descriptor open_folder_without_links(const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string root_of(const std::string& grant) {
  std::string root = grant.ends_with(kTree) ? grant.substr(0, grant.size() - kTree.size()) : grant;
  return root.empty() ? "/" : root;
}

// A mount of `path` on itself: nothing can rename or remove it, and nothing write below it where it is read-only.
Status mount_on_itself(const std::string& path, bool read_only) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const Descriptor place(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (!place) return system_fail("`" + printable(path) + "`");
  const Descriptor tree(static_cast<int>(
      syscall(SYS_open_tree, place.get(), "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!tree) return system_fail("`" + printable(path) + "` cannot be mounted");
  if (read_only) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0) {
      return system_fail("`" + printable(path) + "` cannot be made read-only");
    }
  }
  if (syscall(SYS_move_mount, tree.get(), "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) !=
      0) {
    return system_fail("`" + printable(path) + "` cannot be mounted");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> find_never_writable(const std::vector<std::string>& grants, const std::string& home) {
  Finder finder;
  std::set<std::string> roots;
  for (const std::string& grant : grants) {
    const std::string root = root_of(grant);
    const bool covered = std::ranges::any_of(roots, [&](const std::string& other) { return is_within(root, other); });
    if (covered) continue;
    if (!grant.ends_with(kTree)) {
      // A file named alone is what policy says: only where it is one of those does it matter.
      const bool at_home =
          std::ranges::any_of(kAtHome, [&](std::string_view name) { return root == below(home, name); });
      if (at_home) {
        if (auto status = finder.consider(root); !status) return fail(status.error());
      }
      continue;
    }
    roots.insert(root);
    Descriptor folder = open_folder_without_links(root);
    if (!folder) continue;  // not there, or no folder: nothing is granted either
    if (auto status = finder.consider_home(root); !status) return fail(status.error());
    if (auto status = finder.walk(std::move(folder), root, 0); !status) return fail(status.error());
  }
  const bool home_granted = std::ranges::any_of(roots, [&](const std::string& root) { return is_within(home, root); });
  if (home_granted) {
    if (auto status = finder.consider_home(home); !status) return fail(status.error());
  }
  // Parts of the credential folders may be granted by themselves.
  for (const std::string_view name : kAtHome) {
    const std::string place = below(home, name);
    for (const std::string& root : roots) {
      if (!is_within(root, place)) continue;
      if (auto status = finder.consider(root); !status) return fail(status.error());
    }
  }
  return finder.found();
}

Status pin_read_only(const std::vector<std::string>& grants, const std::vector<std::string>& paths) {
  if (paths.empty()) return {};
  if (unshare(CLONE_NEWNS) != 0) return system_fail("no mount namespace");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return system_fail("mounts stay shared");
  std::set<std::string> ancestors;
  for (const std::string& path : paths) {
    for (const std::string& grant : grants) {
      const std::string root = root_of(grant);
      if (!is_within(path, root)) continue;
      for (std::string folder = path.substr(0, path.rfind('/')); folder.size() > root.size();
           folder.resize(folder.rfind('/'))) {
        if (is_within(folder, root)) ancestors.insert(folder);
      }
    }
  }
  // From the outside in: a mount made later on an ancestor would hide those below it.
  std::vector<std::pair<std::string, bool>> mounts;
  for (const std::string& folder : ancestors) mounts.emplace_back(folder, false);
  for (const std::string& path : paths) mounts.emplace_back(path, true);
  std::ranges::sort(mounts, {}, [](const auto& mount) { return std::ranges::count(mount.first, '/'); });
  if (mounts.size() > limits::kSandboxPins) return fail("there are more places to be pinned than is allowed");
  for (const auto& [path, read_only] : mounts) {
    if (auto status = mount_on_itself(path, read_only); !status) return status;
  }
  return {};
}

}  // namespace portreeve::supervisor
