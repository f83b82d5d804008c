#include "tests/storage/segments/memory_file_system.h"

#include <algorithm>

namespace portreeve::storage {

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFileSystem& files, std::shared_ptr<MemoryFileSystem::Node> node, std::string path)
      : files_(files), node_(std::move(node)), path_(std::move(path)), end_(node_->data.size()) {}
  ~MemoryFile() override {
    const std::lock_guard lock(files_.mutex_);
    if (owns_lock_) node_->locked = false;
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  Result<std::size_t> append_some(std::string_view bytes) override {
    const std::lock_guard lock(files_.mutex_);
    const std::size_t size = std::min(bytes.size(), files_.longest_write_);
    if (const Status failed = files_.step(false); !failed) {
      write(end_, bytes.substr(0, size / 2));  // a failed write may leave a part behind
      return fail(failed.error());
    }
    write(end_, bytes.substr(0, size));
    end_ += size;
    return size;
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(files_.mutex_);
    if (const Status failed = files_.step(false); !failed) return failed;
    write(offset, bytes);
    end_ = std::max<std::size_t>(end_, static_cast<std::size_t>(offset) + bytes.size());
    return {};
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
    const std::lock_guard lock(files_.mutex_);
    if (offset >= node_->data.size()) return std::size_t{0};
    return node_->data.copy(buffer.data(), buffer.size(), static_cast<std::size_t>(offset));
  }
  Result<std::uint64_t> size() override {
    const std::lock_guard lock(files_.mutex_);
    return node_->data.size();
  }
  Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(files_.mutex_);
    if (const Status failed = files_.step(false); !failed) return failed;
    node_->data.resize(static_cast<std::size_t>(size));
    end_ = static_cast<std::size_t>(size);
    return {};
  }
  Status sync_data() override {
    if (files_.before_sync_) files_.before_sync_();
    const std::lock_guard lock(files_.mutex_);
    const Status stepped = files_.step(true);
    if (stepped) {
      node_->disk.resize(node_->data.size());
      for (const auto& [begin, end] : node_->dirty) MemoryFileSystem::copy_range(node_->data, node_->disk, begin, end);
    }
    node_->dirty.clear();
    if (!stepped) return stepped;
    return {};
  }
  Result<bool> try_lock() override {
    const std::lock_guard lock(files_.mutex_);
    if (node_->locked) return false;
    node_->locked = owns_lock_ = true;
    return true;
  }

 private:
  void write(std::size_t offset, std::string_view bytes) {
    if (node_->data.size() < offset + bytes.size()) node_->data.resize(offset + bytes.size());
    bytes.copy(node_->data.data() + offset, bytes.size());
    node_->dirty.emplace_back(offset, offset + bytes.size());
  }

  MemoryFileSystem& files_;
  std::shared_ptr<MemoryFileSystem::Node> node_;
  std::string path_;
  std::size_t end_;
  bool owns_lock_ = false;
};

void MemoryFileSystem::copy_range(const std::string& from, std::string& to, std::size_t begin, std::size_t end) {
  end = std::min({end, from.size(), to.size()});
  if (begin < end) from.copy(to.data() + begin, end - begin, begin);
}

Status MemoryFileSystem::step(bool is_sync) {
  ++calls_;
  if (is_sync && ++syncs_ == fail_sync_at_) return fail("injected: the sync failed");
  if (fail_at_ != 0 && (calls_ == fail_at_ || (keep_failing_ && calls_ > fail_at_))) return fail(message_);
  return {};
}

void MemoryFileSystem::fail_call(std::uint64_t n, std::string message, bool keep_failing) {
  const std::lock_guard lock(mutex_);
  fail_at_ = n == 0 ? 0 : calls_ + n;
  message_ = std::move(message);
  keep_failing_ = keep_failing;
}

void MemoryFileSystem::fail_sync(std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  fail_sync_at_ = syncs_ + n;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  const auto at = live_.find(path);
  const bool makes = mode == OpenMode::create_append || mode == OpenMode::read_write_create;
  if (at == live_.end() && !makes) return fail("cannot open `" + path + "`: no such file");
  if (at != live_.end() && mode == OpenMode::create_append) return fail("cannot open `" + path + "`: it exists");
  if (at == live_.end()) {
    if (const Status failed = step(false); !failed) return fail(failed.error());
    live_[path] = std::make_shared<Node>();
  }
  return std::make_unique<MemoryFile>(*this, live_[path], path);
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, node] : live_) {
    if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

Result<bool> MemoryFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return live_.contains(path);
}

Status MemoryFileSystem::make_directories(const std::string&) { return {}; }

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (const Status failed = step(false); !failed) return failed;
  live_[to] = live_.at(from);
  live_.erase(from);
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!live_.contains(path)) return {};
  if (const Status failed = step(false); !failed) return failed;
  live_.erase(path);
  return {};
}

Status MemoryFileSystem::sync_directory(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  if (const Status failed = step(false); !failed) return failed;
  std::erase_if(durable_, [&](const auto& entry) { return entry.first.starts_with(directory + "/"); });
  for (const auto& [path, node] : live_) {
    if (path.starts_with(directory + "/")) durable_[path] = node;
  }
  return {};
}

void MemoryFileSystem::crash(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  // A name that was made but not synced may have reached the disk all the same.
  for (const auto& [path, node] : live_) {
    if (!durable_.contains(path) && random() % 2 == 0) durable_[path] = node;
  }
  live_ = durable_;
  for (const auto& [path, node] : live_) {
    // So may bytes, in any order; the size is somewhere between the synced and the written one.
    std::size_t size = node->disk.size();
    if (node->data.size() > size) size += random() % (node->data.size() - size + 1);
    const std::uint64_t kept = random() % 3;  // none, all, or runs of 16 bytes here and there
    std::string after = node->disk;
    after.resize(size);
    for (const auto& [begin, end] : node->dirty) {
      for (std::size_t at = begin; at < end; at = std::min(end, (at / 16 + 1) * 16)) {
        const bool keep = kept == 1 || (kept == 2 && random() % 2 == 0);
        if (keep) copy_range(node->data, after, at, std::min(end, (at / 16 + 1) * 16));
      }
    }
    if (path.ends_with("/DURABLE") && after != node->data) after = node->disk;  // 16 bytes of one sector: all or none
    node->data = node->disk = after;
    node->dirty.clear();
    node->locked = false;
  }
  durable_ = live_;
  fail_at_ = fail_sync_at_ = 0;
}

void MemoryFileSystem::put(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->data = node->disk = std::move(bytes);
  live_[path] = durable_[path] = node;
}

}  // namespace portreeve::storage
