#include "pep/broker/credential.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/http/field_section.h"

namespace portreeve::pep {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHex = "0123456789ABCDEF";

// Writes at the front of a span, and counts.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}
  void put(char c) {
    CHECK(size_ < out_.size());
    out_[size_++] = c;
  }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  // RFC 4648 §4 with padding, of two parts as if they were one.
  void put_base64(std::string_view first, std::string_view second) {
    const auto at = [&](std::size_t i) {
      return static_cast<unsigned char>(i < first.size() ? first[i] : second[i - first.size()]);
    };
    const std::size_t size = first.size() + second.size();
    for (std::size_t i = 0; i < size; i += 3) {
      const unsigned group =
          at(i) << 16u | (i + 1 < size ? at(i + 1) << 8u : 0u) | (i + 2 < size ? unsigned{at(i + 2)} : 0u);
      put(kBase64[group >> 18u & 63u]);
      put(kBase64[group >> 12u & 63u]);
      put(i + 1 < size ? kBase64[group >> 6u & 63u] : '=');
      put(i + 2 < size ? kBase64[group & 63u] : '=');
    }
  }
  // RFC 3986: all but unreserved characters escaped.
  void put_percent(std::string_view text) {
    for (const char c : text) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                         c == '.' || c == '_' || c == '~';
      if (plain) {
        put(c);
        continue;
      }
      put('%');
      put(kHex[static_cast<unsigned char>(c) >> 4u]);
      put(kHex[static_cast<unsigned char>(c) & 15u]);
    }
  }
  std::size_t size() const { return size_; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

struct Descriptor {
  explicit Descriptor(int its_number) : number(its_number) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

std::int64_t nanos(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

Result<std::shared_ptr<const Credential>> Credential::make(SecretBytes value, const Inject& inject) {
  const std::string_view bytes = value.reveal();
  if (bytes.size() < limits::kSecretLeastBytes) return fail("holds fewer than 8 bytes");
  if (bytes.size() > limits::kSecretBytes) return fail("holds more than 4096 bytes");
  if (!std::all_of(bytes.begin(), bytes.end(), is_visible)) return fail("holds a byte that is no printable ASCII");
  std::shared_ptr<Credential> made(new Credential(std::move(value), inject));
  const std::string_view plain = made->value_.reveal();
  SecretBytes pair;
  if (const auto* basic = std::get_if<InjectBasic>(&inject)) {
    TRY_ASSIGN(pair, SecretBytes::allocate(basic->user.size() + 1 + plain.size()));
    Writer writer(pair.writable());
    writer.put(basic->user);
    writer.put(':');
    writer.put(plain);
  }
  TRY_ASSIGN(auto needles, Needles::build(plain, pair.reveal()));
  made->needles_ = std::make_shared<const Needles>(std::move(needles));
  return std::shared_ptr<const Credential>(std::move(made));
}

std::string_view Credential::header() const {
  if (const auto* header = std::get_if<InjectHeader>(&inject_)) return header->name;
  if (std::holds_alternative<InjectQuery>(inject_)) return {};
  return "authorization";
}

std::string_view Credential::query_name() const {
  const auto* query = std::get_if<InjectQuery>(&inject_);
  return query == nullptr ? std::string_view() : std::string_view(query->name);
}

std::size_t Credential::write_header(std::span<char> out) const {
  if (std::holds_alternative<InjectQuery>(inject_)) return 0;
  Writer writer(out);
  writer.put(header());
  writer.put(": ");
  if (std::holds_alternative<InjectBearer>(inject_)) writer.put("Bearer ");
  if (const auto* basic = std::get_if<InjectBasic>(&inject_)) {
    writer.put("Basic ");
    writer.put_base64(basic->user + ":", value_.reveal());
  } else {
    writer.put(value_.reveal());
  }
  writer.put("\r\n");
  return writer.size();
}

std::size_t Credential::write_query(std::span<char> out) const {
  const auto* query = std::get_if<InjectQuery>(&inject_);
  if (query == nullptr) return 0;
  Writer writer(out);
  writer.put_percent(query->name);
  writer.put('=');
  writer.put_percent(value_.reveal());
  return writer.size();
}

Result<std::unique_ptr<CredentialStore>> CredentialStore::open(std::string directory) {
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail("the secret folder `" + directory + "` cannot be opened: " + std::strerror(errno));
  std::unique_ptr<CredentialStore> store(new CredentialStore(std::move(directory), folder));
  struct stat status = {};
  if (::fstat(folder, &status) != 0) return fail("the secret folder cannot be looked at");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail("the secret folder `" + store->directory_ + "` belongs to another user");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail("others may write to the secret folder `" + store->directory_ + "`; `chmod 700` it");
  }
  return store;
}

CredentialStore::~CredentialStore() { ::close(folder_); }

Result<CredentialStore::Stamp> CredentialStore::check(int file, const std::string& name) const {
  const std::string place = "`" + directory_ + "/" + name + "`";
  struct stat status = {};
  if (file < 0) return fail(place + " cannot be opened: " + std::strerror(errno));
  if (::fstat(file, &status) != 0) return fail(place + " cannot be looked at");
  if (!S_ISREG(status.st_mode)) return fail(place + " is no regular file");
  if (status.st_uid != ::geteuid()) return fail(place + " belongs to another user");
  if ((status.st_mode & 0177) != 0) return fail(place + " is open to others; `chmod 600` it");
  return Stamp{status.st_dev, status.st_ino, status.st_size, nanos(status.st_mtim), nanos(status.st_ctim)};
}

Result<SecretBytes> CredentialStore::read(int file, std::int64_t size, const std::string& name) {
  if (size < 0 || size > static_cast<std::int64_t>(limits::kSecretBytes) + 2) {
    return fail("`" + name + "` holds more than 4096 bytes");
  }
  TRY_ASSIGN(SecretBytes bytes, SecretBytes::allocate(static_cast<std::size_t>(size)));
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t step = ::read(file, bytes.writable().data() + got, bytes.size() - got);
    if (step < 0) return fail("`" + name + "` cannot be read: " + std::strerror(errno));
    if (step == 0) break;
    got += static_cast<std::size_t>(step);
  }
  while (got > 0 && (bytes.reveal()[got - 1] == '\n' || bytes.reveal()[got - 1] == '\r')) --got;
  bytes.shrink(got);
  return bytes;
}

Result<std::shared_ptr<const Credential>> CredentialStore::find(const Route& route) {
  // A name is opened, not a path: no link leads out of the folder.
  const Descriptor file(::openat(folder_, route.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  TRY_ASSIGN(const Stamp stamp, check(file.number, route.file));
  const MutexLock lock(mutex_);
  Kept& kept = kept_[route.secret];
  if (kept.credential != nullptr && kept.stamp == stamp && kept.inject == route.inject) return kept.credential;
  kept.credential.reset();
  TRY_ASSIGN(SecretBytes bytes, read(file.number, stamp.size, route.file));
  auto credential = Credential::make(std::move(bytes), route.inject);
  if (!credential) return fail("`" + directory_ + "/" + route.file + "` " + credential.error().message);
  kept = {stamp, route.inject, *credential};
  return kept.credential;
}

}  // namespace portreeve::pep
