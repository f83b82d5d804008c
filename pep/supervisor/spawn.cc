#include "pep/supervisor/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "engine/base/text.h"
#include "pep/supervisor/confine/landlock.h"
#include "pep/supervisor/confine/never_writable.h"
#include "pep/supervisor/confine/privileges.h"
#include "pep/supervisor/confine/seccomp_profile.h"
#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

// A second after the soft limit's SIGXCPU, the kernel's SIGKILL.
constexpr rlim_t kCpuGrace = 1;

// The child's side. Everything in it happens between fork and exec, on the one thread that a forked child has.
class Child {
 public:
  Child(const SpawnRequest& request, int verdict) : request_(request), verdict_(verdict) {}

  [[noreturn]] void run() {
    reset_signals();
    step("its own session", setsid() >= 0);
    if (!request_.streams.terminal.empty()) {
      step("the terminal", ioctl(request_.streams.input.get(), TIOCSCTTY, 0) == 0);
    }
    if (request_.group != nullptr) step("its control group", request_.group->join() == 0);
    hold_writes();
    step("its working folder", reopen_folder());
    place_descriptors();
    limit();
    step("the bounding set", drop_bounding_set());
    step("groups and user", become(request_.user.uid, request_.user.gid));
    step("its working folder", fchdir(folder_.get()) == 0);
    step("capabilities", drop_capabilities());
    step("no_new_privs", forbid_new_privileges());
    step("Landlock", restrict_self(rules_));
    step("descriptors", syscall(SYS_close_range, static_cast<unsigned>(first_free_), ~0U, CLOSE_RANGE_CLOEXEC) == 0);
    step("the system call filter", filter_self());
    execute();
    give_up("the program", errno);
  }

 private:
  const OpenedProgram& program() const { return request_.program->program(); }

  void step(const char* what, bool done) {
    if (!done) give_up(what, errno);
  }
  void step(const Status& status) {
    if (!status) give_up(status.error().message);
  }
  [[noreturn]] void give_up(const char* what, int error) { give_up(std::string(what) + ": " + strerrordesc_np(error)); }
  [[noreturn]] void give_up(const std::string& why) {
    const std::string text = why.substr(0, PIPE_BUF);
    [[maybe_unused]] const ssize_t told = write(verdict_, text.data(), text.size());
    _exit(127);
  }

  static void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  // The paths that stay read-only, and the rules about all others: made while this process may still look everywhere.
  void hold_writes() {
    const std::vector<std::string>& grants = request_.program->obligations().write;
    const int abi = landlock_abi();
    if (abi < kLeastLandlockAbi) give_up("the kernel's Landlock cannot keep writes where policy grants them");
    auto paths = find_never_writable(grants, request_.user.home);
    if (!paths) give_up(paths.error().message);
    step(pin_read_only(grants, *paths));
    auto rules = make_landlock_rules(abi, WriteGrants{grants, request_.streams.terminal});
    if (!rules) give_up(rules.error().message);
    rules_ = rules->release();
  }

  void limit() {
    const wire::ExecLimits& limits = request_.limits;
    lower(RLIMIT_CORE, 0, 0, "core files");
    if (limits.cpu) {
      const auto seconds = static_cast<rlim_t>(limits.cpu->count());
      lower(RLIMIT_CPU, seconds, seconds + kCpuGrace, "processor time");
    }
    if (limits.open_files) {
      const auto files = static_cast<rlim_t>(*limits.open_files);
      lower(RLIMIT_NOFILE, files, files, "open files");
    }
  }
  void lower(__rlimit_resource resource, rlim_t soft, rlim_t hard, const char* what) {
    rlimit current{};
    step(what, getrlimit(resource, &current) == 0);
    const rlimit limit{std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)};
    step(what, setrlimit(resource, &limit) == 0);
  }

  // The folder was opened in the supervisor's mount namespace, where nothing is pinned. It is opened again in this one,
  // and has to be the same.
  bool reopen_folder() {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    folder_ =
        Descriptor(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, request_.folder.path.c_str(), &how, sizeof how)));
    struct stat judged {
    }, found{};
    if (!folder_ || fstat(request_.folder.folder.get(), &judged) != 0 || fstat(folder_.get(), &found) != 0)
      return false;
    errno = ESTALE;
    return judged.st_dev == found.st_dev && judged.st_ino == found.st_ino;
  }

  // Streams become 0, 1, 2, secrets 3 and on, and the text of a script what comes next: its interpreter reads it there.
  // First all out of the way, together with what is still needed, then each to its place.
  void place_descriptors() {
    std::vector<int> wanted = {request_.streams.input.get(), request_.streams.output.get(),
                               request_.streams.error.get()};
    for (const Descriptor& secret : request_.secrets) wanted.push_back(secret.get());
    const bool script = program().interpreter != nullptr;
    if (script) {
      script_ = static_cast<int>(wanted.size());
      wanted.push_back(program().program.file.get());
    }
    file_ = script ? program().interpreter->file.get() : program().program.file.get();
    first_free_ = static_cast<int>(wanted.size());
    for (int& fd : wanted) move_away(fd);
    move_away(verdict_);
    move_away(file_);
    move_away(rules_);
    int folder = folder_.release();
    move_away(folder);
    folder_ = Descriptor(folder);
    for (int place = 0; place < first_free_; ++place) {
      step("its streams", dup2(wanted[static_cast<std::size_t>(place)], place) == place);
    }
  }
  void move_away(int& fd) {
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, first_free_);
    step("its streams", moved >= 0);
    fd = moved;
  }

  void execute() {
    std::vector<std::string> arguments;
    if (script_ >= 0) {
      // As the kernel would: the interpreter, its one argument, the script, the script's own arguments.
      arguments.push_back(program().interpreter->described.path);
      if (!program().interpreter_argument.empty()) arguments.push_back(program().interpreter_argument);
      arguments.push_back("/dev/fd/" + std::to_string(script_));
      if (!request_.arguments.empty()) {
        arguments.insert(arguments.end(), request_.arguments.begin() + 1, request_.arguments.end());
      }
    } else {
      arguments = request_.arguments;
    }
    std::vector<std::string> environment = request_.environment;
    syscall(SYS_execveat, file_, "", pointers(arguments).data(), pointers(environment).data(), AT_EMPTY_PATH);
  }
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  const SpawnRequest& request_;
  int verdict_;
  int rules_ = -1;
  int file_ = -1;    // what is executed
  int script_ = -1;  // where its interpreter finds a script
  int first_free_ = 0;
  Descriptor folder_;
};

}  // namespace

Result<Spawned> spawn(const SpawnRequest& request) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_fail("no pipe");
  Descriptor verdict(ends[0]), tell(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return system_fail("no process can be made");
  if (pid == 0) Child(request, tell.get()).run();
  Spawned spawned;
  spawned.pid = pid;
  spawned.pidfd = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  spawned.verdict = std::move(verdict);
  if (fcntl(spawned.verdict.get(), F_SETFL, O_NONBLOCK) != 0) return system_fail("no pipe");
  return spawned;
}

std::string read_verdict(std::string_view bytes) { return printable(bytes, 500); }

}  // namespace portreeve::supervisor
