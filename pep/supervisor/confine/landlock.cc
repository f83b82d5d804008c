#include "pep/supervisor/confine/landlock.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "engine/base/text.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

// The kernel's interface (include/uapi/linux/landlock.h), since the headers here are older than the kernels there.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};
#pragma pack(push, 1)
struct PathBeneath {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
#pragma pack(pop)

constexpr unsigned kVersionFlag = 1U;
constexpr int kPathBeneath = 1;

constexpr std::uint64_t kWriteFile = 1ULL << 1;
constexpr std::uint64_t kRemoveDir = 1ULL << 4;
constexpr std::uint64_t kRemoveFile = 1ULL << 5;
constexpr std::uint64_t kMakeChar = 1ULL << 6;
constexpr std::uint64_t kMakeDir = 1ULL << 7;
constexpr std::uint64_t kMakeReg = 1ULL << 8;
constexpr std::uint64_t kMakeSock = 1ULL << 9;
constexpr std::uint64_t kMakeFifo = 1ULL << 10;
constexpr std::uint64_t kMakeBlock = 1ULL << 11;
constexpr std::uint64_t kMakeSym = 1ULL << 12;
constexpr std::uint64_t kRefer = 1ULL << 13;                // 2
constexpr std::uint64_t kTruncate = 1ULL << 14;             // 3
constexpr std::uint64_t kIoctlDev = 1ULL << 15;             // 5
constexpr std::uint64_t kScopeAbstractSockets = 1ULL << 0;  // 6
constexpr std::uint64_t kScopeSignals = 1ULL << 1;          // 6

constexpr std::uint64_t kWritesToFiles = kWriteFile | kTruncate;
constexpr std::uint64_t kGranted =
    kWritesToFiles | kRemoveDir | kRemoveFile | kMakeDir | kMakeReg | kMakeSock | kMakeFifo | kMakeSym | kRefer;
constexpr std::uint64_t kHandled = kGranted | kMakeChar | kMakeBlock | kIoctlDev;

std::uint64_t known_to(int abi) {
  std::uint64_t rights = kHandled;
  if (abi < 2) rights &= ~kRefer;
  if (abi < 3) rights &= ~kTruncate;
  if (abi < 5) rights &= ~kIoctlDev;
  return rights;
}

std::size_t size_of_attributes(int abi) {
  if (abi < 4) return sizeof(std::uint64_t);
  return abi < 6 ? 2 * sizeof(std::uint64_t) : sizeof(RulesetAttributes);
}

Descriptor open_without_links(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

enum class Shape : std::uint8_t { tree, file, device };

// What does not exist is not granted, and a file named alone that turns out to be a folder is no file.
Status grant(int rules, int abi, const std::string& path, Shape shape) {
  const Descriptor opened = open_without_links(path);
  if (!opened && (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENXIO)) return {};
  if (!opened) return system_fail("the write path `" + printable(path) + "` cannot be granted");
  struct stat status {};
  if (fstat(opened.get(), &status) != 0) return system_fail("the write path `" + printable(path) + "`");
  if (S_ISLNK(status.st_mode)) return fail("the write path `" + printable(path) + "` is a link");
  if (S_ISDIR(status.st_mode) != (shape == Shape::tree)) return {};
  PathBeneath beneath{};
  beneath.parent_fd = opened.get();
  switch (shape) {
    case Shape::tree:
      beneath.allowed_access = kGranted;
      break;
    case Shape::file:
      beneath.allowed_access = kWritesToFiles;
      break;
    case Shape::device:
      beneath.allowed_access = kWritesToFiles | kIoctlDev;
      break;
  }
  beneath.allowed_access &= known_to(abi);
  if (syscall(SYS_landlock_add_rule, rules, kPathBeneath, &beneath, 0) != 0) {
    return system_fail("the write path `" + printable(path) + "` cannot be granted");
  }
  return {};
}

}  // namespace

int landlock_abi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<Descriptor> make_landlock_rules(int abi, const WriteGrants& grants) {
  RulesetAttributes attributes{};
  attributes.handled_access_fs = known_to(abi);
  if (abi >= 6) attributes.scoped = kScopeAbstractSockets | kScopeSignals;
  Descriptor rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size_of_attributes(abi), 0)));
  if (!rules) return system_fail("no Landlock rule set");
  constexpr std::array<const char*, 4> kDevices = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty"};
  for (const char* device : kDevices) {
    if (auto status = grant(rules.get(), abi, device, Shape::device); !status) return fail(status.error());
  }
  if (!grants.terminal.empty()) {
    if (auto status = grant(rules.get(), abi, grants.terminal, Shape::device); !status) return fail(status.error());
  }
  constexpr std::string_view kTree = "/**";
  for (const std::string& path : grants.paths) {
    const bool tree = path.ends_with(kTree);
    std::string place = tree ? path.substr(0, path.size() - kTree.size()) : path;
    if (place.empty()) place = "/";
    if (auto status = grant(rules.get(), abi, place, tree ? Shape::tree : Shape::file); !status) {
      return fail(status.error());
    }
  }
  return rules;
}

bool restrict_self(int rules) noexcept { return syscall(SYS_landlock_restrict_self, rules, 0) == 0; }

}  // namespace portreeve::supervisor
