// Runs programs as a person at a terminal, or a script, would.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

namespace portreeve::test {

// A running program. Its standard output and error are read as they come. Killed at the end, where it still runs.
class Process {
 public:
  struct Settings {
    std::string input;         // all of standard input
    int terminal_columns = 0;  // not 0: standard output and error are one terminal of that width
  };

  // `arguments[0]` is the program's path.
  Process(const std::vector<std::string>& arguments, const Settings& settings);
  explicit Process(const std::vector<std::string>& arguments) : Process(arguments, Settings{}) {}
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads until standard output holds `text`; false where it ends, or a minute passes, before.
  bool wait_for(const std::string& text);
  void signal(int number) const;
  // Reads both to their ends and returns the exit code; 128 and the signal's number where one ended it.
  int wait();

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  // False where both have ended or the deadline passes.
  bool read_some(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int out_fd_ = -1, err_fd_ = -1;
  std::string out_, err_;
};

struct Ended {
  int code = -1;
  std::string out;
  std::string err;
};

// The `portreeve` command, run to its end.
Ended portreeve(std::vector<std::string> arguments, const Process::Settings& settings = {});

// A folder that is removed with all that it holds.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file, making the folders above it; returns its path.
  std::string write(const std::string& name, const std::string& bytes) const;

 private:
  std::string path_;
};

}  // namespace portreeve::test
