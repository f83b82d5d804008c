#include "tests/tools/portreeve/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

extern char** environ;

namespace portreeve::test {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Pipe {
  int reading = -1, writing = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {ends[0], ends[1]};
}

// The test's own end of a terminal, and the program's.
Pipe make_terminal(int columns) {
  struct winsize size {};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  Pipe ends;
  if (::openpty(&ends.reading, &ends.writing, nullptr, nullptr, &size) != 0) std::abort();
  ::fcntl(ends.reading, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends.writing, F_SETFD, FD_CLOEXEC);
  return ends;
}

// A file without a name that holds the text: what a program reads of it does not wait for the test.
int open_with(const std::string& text) {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr) std::abort();
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
  const int copy = ::fcntl(::fileno(file), F_DUPFD_CLOEXEC, 3);
  std::fclose(file);
  ::lseek(copy, 0, SEEK_SET);
  return copy;
}

std::vector<std::string> environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!text.starts_with("TERM=") && !text.starts_with("NO_COLOR=")) out.push_back(text);
  }
  out.emplace_back("TERM=xterm-256color");
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// False at the end.
bool read_into(int& descriptor, std::string& text) {
  std::array<char, 65'536> block{};
  const ssize_t got = ::read(descriptor, block.data(), block.size());
  if (got > 0) {
    text.append(block.data(), static_cast<std::size_t>(got));
    return true;
  }
  ::close(descriptor);
  descriptor = -1;
  return false;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const Settings& settings) {
  const bool terminal = settings.terminal_columns != 0;
  const Pipe out = terminal ? make_terminal(settings.terminal_columns) : make_pipe();
  const Pipe err = terminal ? Pipe{-1, ::fcntl(out.writing, F_DUPFD_CLOEXEC, 3)} : make_pipe();
  const int in = open_with(settings.input);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.writing, 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.writing, 2);
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = environment();
  if (::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(), pointers(variables).data()) !=
      0) {
    ADD_FAILURE() << "cannot start " << words[0];
    pid_ = -1;
  }
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in);
  ::close(out.writing);
  ::close(err.writing);
  out_fd_ = out.reading;
  err_fd_ = err.reading;
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_fd_ >= 0) ::close(out_fd_);
  if (err_fd_ >= 0) ::close(err_fd_);
}

bool Process::read_some(std::chrono::steady_clock::time_point deadline) {
  if (out_fd_ < 0 && err_fd_ < 0) return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return false;
  std::array<pollfd, 2> watched{{{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}}};
  if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0) return false;
  if (watched[0].revents != 0) read_into(out_fd_, out_);
  if (watched[1].revents != 0) read_into(err_fd_, err_);
  return true;
}

bool Process::wait_for(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (out_.find(text) == std::string::npos) {
    if (out_fd_ < 0 || !read_some(deadline)) return out_.find(text) != std::string::npos;
  }
  return true;
}

void Process::signal(int number) const { ::kill(pid_, number); }

int Process::wait() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (read_some(deadline)) {
  }
  if (pid_ <= 0) return -1;
  if (out_fd_ >= 0 || err_fd_ >= 0) ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Ended portreeve(std::vector<std::string> arguments, const Process::Settings& settings) {
  arguments.insert(arguments.begin(), PORTREEVE_COMMAND);
  Process process(arguments, settings);
  const int code = process.wait();
  return {code, process.out(), process.err()};
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "portreeve-cli-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& bytes) const {
  const std::filesystem::path path = file(name);
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

}  // namespace portreeve::test
