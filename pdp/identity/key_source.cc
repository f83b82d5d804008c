#include "pdp/identity/key_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <tuple>

#include "engine/base/limits.h"
#include "engine/base/mutex.h"

namespace portreeve::pdp {

bool HeldKeys::took(std::string document, std::int64_t now, Millis fresh_for, Millis kept_for) {
  if (!keys_ || document != document_) {
    auto keys = KeySet::parse(document);
    if (!keys) {
      failed(keys.error().message);
      return false;
    }
    keys_ = std::move(*keys);
    document_ = std::move(document);
    ++generation_;
  }
  extend(now, fresh_for, kept_for);
  last_error_.clear();
  return true;
}

KeySource::Status HeldKeys::status(std::int64_t now) const {
  KeySource::Status status;
  status.last_error = last_error_;
  if (!usable(now)) return status;
  status.keys = keys_->size();
  status.notes = keys_->notes();
  return status;
}

namespace {

struct FileContent {
  std::string text;
  // Tells one version of the file from another.
  std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t> identity{};
};

decltype(FileContent::identity) identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

auto system_error(const std::filesystem::path& file) {
  return fail(fmt::format("{}: {}", file.string(), std::generic_category().message(errno)));
}

Result<std::string> read_bounded(int fd, const std::filesystem::path& file) {
  std::string text(limits::kJwksBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(file);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limits::kJwksBytes) return fail(fmt::format("{}: more than {} bytes", file.string(), limits::kJwksBytes));
  text.resize(size);
  return text;
}

Result<FileContent> read_file(const std::filesystem::path& file) {
  // Not blocking: opening a named pipe would wait for its writer.
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return system_error(file);
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  auto text =
      regular ? read_bounded(fd, file) : Result<std::string>(fail(fmt::format("{}: not a file", file.string())));
  ::close(fd);
  if (!text) return fail(text.error());
  return FileContent{std::move(*text), identity_of(status)};
}

class FileSource final : public KeySource {
 public:
  FileSource(std::filesystem::path file, const KeyTimes& times, const daemon::Clock& clock)
      : file_(std::move(file)), times_(times), clock_(clock) {}

  KeyAnswer keys_for(const std::optional<std::string>& kid, Algorithm algorithm, std::function<void()>) override {
    const MutexLock lock(mutex_);
    const std::int64_t now = look();
    if (!held_.usable(now)) return {KeyAnswer::State::away, {}, 0, held_.last_error()};
    return {KeyAnswer::State::here, held_.candidates(kid, algorithm), held_.generation(now), {}};
  }

  std::uint64_t generation() override {
    const MutexLock lock(mutex_);
    return held_.generation(look());
  }

  Status status() override {
    const MutexLock lock(mutex_);
    return held_.status(look());
  }

  void request_stop() override {}
  bool has_stopped() override { return true; }
  void join() override {}

 private:
  // Reads the file again if it is time to look and it changed. Returns the time.
  std::int64_t look() REQUIRES(mutex_) {
    const std::int64_t now = clock_.steady_millis();
    if (looked_ && now < look_again_) return now;
    looked_ = true;
    look_again_ = now + times_.file_check_interval.count();
    struct stat status {};
    if (good_ && ::stat(file_.c_str(), &status) == 0 && identity_of(status) == seen_) {
      held_.extend(now, times_.file_check_interval, times_.kept_when_away);
      return now;
    }
    take(now);
    return now;
  }

  void take(std::int64_t now) REQUIRES(mutex_) {
    good_ = false;
    auto content = read_file(file_);
    if (!content) return held_.failed(content.error().message);
    seen_ = content->identity;
    good_ = held_.took(std::move(content->text), now, times_.file_check_interval, times_.kept_when_away);
    if (!good_) held_.failed(fmt::format("{}: {}", file_.string(), held_.last_error()));
  }

  const std::filesystem::path file_;
  const KeyTimes times_;
  const daemon::Clock& clock_;

  Mutex mutex_;
  HeldKeys held_ GUARDED_BY(mutex_);
  decltype(FileContent::identity) seen_ GUARDED_BY(mutex_);
  bool good_ GUARDED_BY(mutex_) = false;  // the file was read well when last looked at
  bool looked_ GUARDED_BY(mutex_) = false;
  std::int64_t look_again_ GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<KeySource> make_file_source(std::filesystem::path file, const KeyTimes& times,
                                            const daemon::Clock& clock) {
  return std::make_unique<FileSource>(std::move(file), times, clock);
}

}  // namespace portreeve::pdp
