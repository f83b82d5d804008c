// A file system in memory that remembers what was synced, forgets the rest in a crash, and fails when told to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/segments/file_system.h"

namespace portreeve::storage {

// Models the page cache: a failed sync leaves its bytes clean but not on the disk, so that no later sync carries them.
class MemoryFileSystem final : public FileSystem {
 public:
  struct Node {
    std::string data;
    std::string disk;
    std::vector<std::pair<std::size_t, std::size_t>> dirty;  // written ranges, begin and end, not synced since
    bool locked = false;
  };

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_directory(const std::string& path) override;

  // The `n`th changing call from now on (1 is the next), and with `keep_failing` all after it, fail with `message`.
  void fail_call(std::uint64_t n, std::string message, bool keep_failing = false);
  // The same, counting syncs of files alone.
  void fail_sync(std::uint64_t n);
  std::uint64_t changing_calls() const { return calls_; }
  // Each write takes at most this many bytes.
  void set_longest_write(std::size_t bytes) { longest_write_ = bytes; }
  // Called at the beginning of each sync of a file, with nothing locked.
  void set_before_sync(std::function<void()> hook) { before_sync_ = std::move(hook); }

  // Power is cut: names and bytes that were not synced are lost, but for a random part of them.
  void crash(std::mt19937_64& random);

  std::string bytes_of(const std::string& path) const { return live_.at(path)->data; }
  // Puts a file there as if it had always been.
  void put(const std::string& path, std::string bytes);

 private:
  friend class MemoryFile;
  static void copy_range(const std::string& from, std::string& to, std::size_t begin, std::size_t end);
  Status step(bool is_sync);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Node>> live_;
  std::map<std::string, std::shared_ptr<Node>> durable_;
  std::uint64_t calls_ = 0;
  std::uint64_t fail_at_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t fail_sync_at_ = 0;
  bool keep_failing_ = false;
  std::string message_;
  std::size_t longest_write_ = SIZE_MAX;
  std::function<void()> before_sync_;
};

}  // namespace portreeve::storage
