#include "pep/broker/credential.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <concepts>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>

#include "engine/base/text.h"
#include "pep/broker/upstream_request.h"

namespace portreeve::pep {
namespace {

template <class T>
concept Streams = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Compares = requires(const T& a, const T& b) {
  a == b;
};

static_assert(!std::copy_constructible<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(!Streams<SecretBytes> && !Compares<SecretBytes>);
static_assert(!std::convertible_to<SecretBytes, std::string_view>);

TEST(SecretBytes, AreLockedAndKeptOutOfDumps) {
  auto bytes = SecretBytes::allocate(100);
  ASSERT_TRUE(bytes) << bytes.error().message;
  std::memcpy(bytes->writable().data(), "credential", 10);
  // The mapping's flags: `lo` locked, `dd` not dumped, `wf` wiped on fork.
  std::ifstream maps("/proc/self/smaps");
  std::stringstream address;
  address << std::hex << reinterpret_cast<std::uintptr_t>(bytes->reveal().data());
  std::string line;
  bool ours = false;
  std::string flags;
  while (std::getline(maps, line)) {
    if (line.find(address.str() + "-") != std::string::npos) ours = true;
    if (ours && line.starts_with("VmFlags:")) {
      flags = line + " ";
      break;
    }
  }
  for (const char* flag : {" lo ", " dd ", " wf "}) EXPECT_NE(flags.find(flag), std::string::npos) << flags;
  bytes->shrink(3);
  EXPECT_EQ(bytes->reveal(), "cre");
  EXPECT_EQ(std::string(bytes->reveal().data() + 3, 7), std::string(7, '\0'));
  bytes->wipe();
  EXPECT_EQ(bytes->reveal(), std::string(3, '\0'));
}

SecretBytes bytes_of(std::string_view text) {
  auto bytes = SecretBytes::allocate(text.size());
  EXPECT_TRUE(bytes);
  std::memcpy(bytes->writable().data(), text.data(), text.size());
  return std::move(*bytes);
}

AllowedCall call_with(const Inject& inject) {
  AllowedCall call;
  call.credential = *Credential::make(bytes_of("real+credential/1"), inject);
  call.upstream = *wire::UpstreamUrl::parse("https://api.example.com:8443/base");
  call.head.method = "POST";
  call.head.fields = {{"content-type", "application/json"}, {"x-api-key", "token"}, {"authorization", "Bearer token"}};
  call.token = "token";
  call.path = "/v1/messages";
  call.query = "beta=true";
  return call;
}

std::string head_of(const AllowedCall& call, UpstreamBody body = {Framing::length, 5}) {
  std::string out(4096, '\0');
  const auto used = write_upstream_head(out, call, body);
  EXPECT_TRUE(used);
  return out.substr(0, used.value_or(0));
}

TEST(UpstreamHead, HasTheCredentialAndNothingOfTheGuests) {
  const std::string before =
      "POST /base/v1/messages?beta=true HTTP/1.1\r\nhost: api.example.com:8443\r\naccept-encoding: identity\r\n"
      "content-type: application/json\r\ncontent-length: 5\r\n";
  EXPECT_EQ(head_of(call_with(InjectHeader{"x-api-key"})), before + "x-api-key: real+credential/1\r\n\r\n");
  EXPECT_EQ(head_of(call_with(InjectBearer{})), before + "authorization: Bearer real+credential/1\r\n\r\n");
  EXPECT_EQ(head_of(call_with(InjectBasic{"git"})),
            before + "authorization: Basic " + base64_encode("git:real+credential/1") + "\r\n\r\n");
  AllowedCall call = call_with(InjectQuery{"Key"});
  call.query = "a=1&%4bey=guest";
  call.path = "/";
  EXPECT_EQ(head_of(call, {Framing::chunked, 0}),
            "POST /base?a=1&Key=real%2Bcredential%2F1 HTTP/1.1\r\nhost: api.example.com:8443\r\n"
            "accept-encoding: identity\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  std::string small(64, '\0');
  EXPECT_FALSE(write_upstream_head(small, call, {}));
}

class CredentialStoreTest : public testing::Test {
 protected:
  CredentialStoreTest() {
    char pattern[] = "/tmp/pep-broker-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    route.secret = "llm";
    route.file = "key";
    route.inject = InjectBearer{};
  }
  ~CredentialStoreTest() override { std::filesystem::remove_all(directory_); }

  void put(const std::string& text, mode_t mode = 0600, const std::string& name = "key") {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path + ".new", std::ios::binary) << text;
    ASSERT_EQ(::chmod((path + ".new").c_str(), mode), 0);
    std::filesystem::rename(path + ".new", path);
  }
  // The header that it makes, or the error.
  std::string find() {
    if (!store_) store_ = std::move(*CredentialStore::open(directory_));
    const auto credential = store_->find(route);
    if (!credential) return credential.error().message;
    std::string out(1024, '\0');
    return out.substr(0, (*credential)->write_header(out));
  }
  std::string place() const { return "`" + directory_ + "/key`"; }

  Route route;
  std::string directory_;
  std::unique_ptr<CredentialStore> store_;
};

TEST_F(CredentialStoreTest, ReadsAndReloads) {
  put("first-credential\n");
  EXPECT_EQ(find(), "authorization: Bearer first-credential\r\n");
  put("second-credential");
  EXPECT_EQ(find(), "authorization: Bearer second-credential\r\n");
  route.inject = InjectHeader{"x-api-key"};
  EXPECT_EQ(find(), "x-api-key: second-credential\r\n");
  std::filesystem::remove(directory_ + "/key");
  EXPECT_EQ(find(), place() + " cannot be opened: No such file or directory");
}

TEST_F(CredentialStoreTest, RefusesFilesThatOthersCouldHaveASayIn) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0644u, 0700u, 0601u}) {
    put("first-credential", mode);
    EXPECT_EQ(find(), place() + " is open to others; `chmod 600` it") << mode;
  }
  put("first-credential", 0400);
  EXPECT_EQ(find(), "authorization: Bearer first-credential\r\n");
  std::filesystem::remove(directory_ + "/key");
  put("first-credential", 0600, "elsewhere");
  std::filesystem::create_symlink("elsewhere", directory_ + "/key");
  EXPECT_EQ(find(), place() + " cannot be opened: Too many levels of symbolic links");
  std::filesystem::remove(directory_ + "/key");
  std::filesystem::create_directory(directory_ + "/key");
  EXPECT_EQ(find(), place() + " is no regular file");
  if (::geteuid() == 0) {
    std::filesystem::remove(directory_ + "/key");
    put("first-credential");
    ASSERT_EQ(::chown((directory_ + "/key").c_str(), 12'345, 0), 0);
    EXPECT_EQ(find(), place() + " belongs to another user");
  }
}

TEST_F(CredentialStoreTest, RefusesWhatIsNoCredentialAndQuotesNothingOfIt) {
  put("short\n");
  EXPECT_EQ(find(), place() + " holds fewer than 8 bytes");
  put("");
  EXPECT_EQ(find(), place() + " holds fewer than 8 bytes");
  put("two words here");
  EXPECT_EQ(find(), place() + " holds a byte that is no printable ASCII");
  put("a-credential\nand-another");
  EXPECT_EQ(find(), place() + " holds a byte that is no printable ASCII");
  put(std::string(5000, 'x'));
  EXPECT_EQ(find(), "`key` holds more than 4096 bytes");
}

TEST_F(CredentialStoreTest, TheFolderIsNobodyElses) {
  ASSERT_EQ(::chmod(directory_.c_str(), 0770), 0);
  EXPECT_FALSE(CredentialStore::open(directory_));
  EXPECT_FALSE(CredentialStore::open(directory_ + "/none"));
}

}  // namespace
}  // namespace portreeve::pep
