#include "pep/supervisor/confine/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "engine/base/text.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

constexpr std::size_t kFileBytes = 64u << 10;
constexpr int kKillRounds = 100;

bool has(int folder, const char* file) { return faccessat(folder, file, F_OK, 0) == 0; }

bool write_file(int folder, const char* file, std::string_view text) {
  const Descriptor opened(openat(folder, file, O_WRONLY | O_CLOEXEC));
  return opened && write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string read_file(int folder, const char* file) {
  const Descriptor opened(openat(folder, file, O_RDONLY | O_CLOEXEC));
  std::string text(kFileBytes, '\0');
  std::size_t size = 0;
  while (opened && size < text.size()) {
    const ssize_t n = read(opened.get(), text.data() + size, text.size() - size);
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// The number behind `key ` at a line's beginning.
std::optional<std::int64_t> line_in(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return number_in(line.substr(key.size() + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::vector<pid_t> members(int folder) {
  std::vector<pid_t> pids;
  const std::string text = read_file(folder, "cgroup.procs");
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (const auto pid = number_in(rest.substr(0, end)); pid && *pid > 0) pids.push_back(static_cast<pid_t>(*pid));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return pids;
}

Result<Descriptor> open_folder(const std::string& text) {
  constexpr std::string_view kInherited = "fd:";
  if (text.starts_with(kInherited)) {
    const auto fd = number_in(std::string_view(text).substr(kInherited.size()));
    if (!fd || *fd < 3 || *fd > 65'535) return fail("`" + printable(text) + "` names no descriptor");
    Descriptor folder(openat(static_cast<int>(*fd), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return system_fail("`" + printable(text) + "` cannot be used");
    close(static_cast<int>(*fd));
    return folder;
  }
  Descriptor folder(::open(text.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_fail("`" + printable(text) + "` cannot be opened");
  return folder;
}

// Version 2: only a group without processes of its own can have controllers for those below it.
void prepare_second(int folder) {
  const std::string own = std::to_string(getpid());
  const std::vector<pid_t> pids = members(folder);
  if (std::ranges::find(pids, getpid()) != pids.end() || std::ranges::find(pids, 0) != pids.end()) {
    if (mkdirat(folder, "supervisor", 0700) == 0 || errno == EEXIST) write_file(folder, "supervisor/cgroup.procs", own);
  }
  for (const char* controller : {"+memory", "+pids", "+cpu"}) write_file(folder, "cgroup.subtree_control", controller);
}

bool is_listed(const std::string& list, std::string_view word) {
  std::string padded = " " + list;
  std::replace(padded.begin(), padded.end(), '\n', ' ');
  padded += ' ';
  return padded.find(" " + std::string(word) + " ") != std::string::npos;
}

}  // namespace

StartGroup::~StartGroup() {
  for (const Place& place : places_) {
    if (!place.folder) continue;
    // A killed process leaves its group when its parent has reaped it, which is this process's own next step.
    if (unlinkat(place.parent, name_.c_str(), AT_REMOVEDIR) != 0 && errno == EBUSY) kill_all();
    unlinkat(place.parent, name_.c_str(), AT_REMOVEDIR);
  }
}

int StartGroup::join() const noexcept {
  for (const Place& place : places_) {
    const int fd = openat(place.folder.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    const ssize_t written = write(fd, "0", 1);
    const int error = errno;
    close(fd);
    errno = error;
    if (written != 1) return -1;
  }
  return 0;
}

void StartGroup::kill_all() const {
  for (const Place& place : places_) {
    if (place.second && write_file(place.folder.get(), "cgroup.kill", "1")) return;
  }
  // Without cgroup.kill: nothing new may begin, then one after the other until none is left that could make another.
  for (const Place& place : places_) {
    if (place.processes) write_file(place.folder.get(), "pids.max", "0");
  }
  for (const Place& place : places_) {
    for (int round = 0; round < kKillRounds; ++round) {
      const std::vector<pid_t> pids = members(place.folder.get());
      if (pids.empty()) break;
      for (const pid_t pid : pids) kill(pid, SIGKILL);
      if (place.processes) break;  // none of them can make another
    }
  }
}

bool StartGroup::empty() const {
  return std::ranges::all_of(places_, [](const Place& place) { return members(place.folder.get()).empty(); });
}

bool StartGroup::ran_out_of_memory() const {
  return std::ranges::any_of(places_, [](const Place& place) {
    if (!place.memory) return false;
    const std::string text = read_file(place.folder.get(), place.second ? "memory.events" : "memory.oom_control");
    return line_in(text, "oom_kill").value_or(0) > 0;
  });
}

std::optional<std::int64_t> StartGroup::cpu_micros() const {
  for (const Place& place : places_) {
    if (place.second) {
      if (const auto micros = line_in(read_file(place.folder.get(), "cpu.stat"), "usage_usec")) return micros;
    } else if (place.cpu) {
      if (const auto nanos = number_in(read_file(place.folder.get(), "cpuacct.usage"))) return *nanos / 1000;
    }
  }
  return std::nullopt;
}

Result<Cgroups> Cgroups::open(const std::vector<std::string>& folders) {
  Cgroups groups;
  for (const std::string& text : folders) {
    Hierarchy hierarchy;
    TRY_ASSIGN(hierarchy.folder, open_folder(text));
    const int fd = hierarchy.folder.get();
    struct statfs status {};
    if (fstatfs(fd, &status) != 0) return system_fail("`" + printable(text) + "`");
    if (static_cast<unsigned long>(status.f_type) == CGROUP2_SUPER_MAGIC) {
      hierarchy.second = true;
      prepare_second(fd);
      const std::string controllers = read_file(fd, "cgroup.subtree_control");
      hierarchy.memory = is_listed(controllers, "memory");
      hierarchy.processes = is_listed(controllers, "pids");
      hierarchy.cpu = true;
    } else if (static_cast<unsigned long>(status.f_type) == CGROUP_SUPER_MAGIC) {
      hierarchy.memory = has(fd, "memory.limit_in_bytes");
      hierarchy.processes = has(fd, "pids.max") || has(fd, "pids.current");
      hierarchy.cpu = has(fd, "cpuacct.usage");
      // The root of the pids hierarchy has neither file; a group made below shows.
      if (!hierarchy.processes && !hierarchy.memory) {
        if (mkdirat(fd, "probe", 0700) == 0) {
          hierarchy.processes = has(fd, "probe/pids.max");
          unlinkat(fd, "probe", AT_REMOVEDIR);
        }
      }
    } else {
      return fail("`" + printable(text) + "` is no folder of a cgroup file system");
    }
    groups.hierarchies_.push_back(std::move(hierarchy));
  }
  return groups;
}

bool Cgroups::can_limit_memory() const { return std::ranges::any_of(hierarchies_, &Hierarchy::memory); }
bool Cgroups::can_limit_processes() const { return std::ranges::any_of(hierarchies_, &Hierarchy::processes); }

Result<StartGroup> Cgroups::make(const Limits& limits) {
  if (limits.memory && !can_limit_memory()) return fail("policy limits memory, and the sandbox has no cgroup for that");
  if (limits.processes && !can_limit_processes()) {
    return fail("policy limits processes, and the sandbox has no cgroup for that");
  }
  const std::string name = "start-" + std::to_string(next_++);
  std::vector<StartGroup::Place> places;
  for (const Hierarchy& hierarchy : hierarchies_) {
    if (mkdirat(hierarchy.folder.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return system_fail("no cgroup can be made");
    }
    StartGroup::Place place;
    place.parent = hierarchy.folder.get();
    place.folder = Descriptor(openat(place.parent, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    place.second = hierarchy.second;
    place.memory = hierarchy.memory;
    place.processes = hierarchy.processes;
    place.cpu = hierarchy.cpu;
    if (!place.folder) return system_fail("no cgroup can be opened");
    places.push_back(std::move(place));
  }
  StartGroup group(std::move(places), name);
  for (const StartGroup::Place& place : group.places_) {
    const int fd = place.folder.get();
    if (limits.memory && place.memory) {
      const std::string bytes = std::to_string(*limits.memory);
      if (!write_file(fd, place.second ? "memory.max" : "memory.limit_in_bytes", bytes)) {
        return system_fail("memory cannot be limited");
      }
      // Swap would be memory beyond the limit. Kernels without swap accounting have no such file, and no such swap.
      if (place.second) {
        write_file(fd, "memory.swap.max", "0");
        write_file(fd, "memory.oom.group", "1");
      } else {
        write_file(fd, "memory.memsw.limit_in_bytes", bytes);
      }
    }
    if (limits.processes && place.processes && !write_file(fd, "pids.max", std::to_string(*limits.processes))) {
      return system_fail("processes cannot be limited");
    }
  }
  return group;
}

}  // namespace portreeve::supervisor
