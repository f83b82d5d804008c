#include "pdp/admin/console_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (each == name) return value;
  }
  return {};
}

class ConsoleFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("console_files_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "assets");
    put("index.html", "<!doctype html>");
    put("index.html.gz", "packed page");
    put("favicon.svg", "<svg/>");
    put("assets/index-1a2b.js", "code");
    put("assets/index-1a2b.js.gz", "packed code");
    put("assets/index-1a2b.css", "style");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& name, std::string_view text) { std::ofstream(folder_ / name) << text; }
  ConsoleFiles read(std::string_view accounting = {}) {
    auto files = ConsoleFiles::read(folder_.string(), accounting);
    EXPECT_TRUE(files) << (files ? "" : files.error().message);
    return files ? *std::move(files) : ConsoleFiles();
  }
  static HttpResponse get(const ConsoleFiles& files, std::string_view target, const HttpHeaders& headers = {}) {
    return files.answer(HttpRequest::make("GET", target, headers));
  }

  fs::path folder_;
};

TEST_F(ConsoleFilesTest, SendsFilesByTheirNames) {
  const ConsoleFiles files = read();
  struct Row {
    std::string target, body, type, cache;
  };
  const std::string page = "text/html; charset=utf-8";
  const std::string kept = "public, max-age=31536000, immutable";
  for (const Row& row : {
           Row{"/console/", "<!doctype html>", page, "no-cache"},
           Row{"/console/index.html", "<!doctype html>", page, "no-cache"},
           Row{"/console/decisions?kind=decision", "<!doctype html>", page, "no-cache"},
           Row{"/console/decisions/dec_01ARZ3NDEKTSV4RRFFQ69G5FAV", "<!doctype html>", page, "no-cache"},
           Row{"/console/policies/sha256%3Aab", "<!doctype html>", page, "no-cache"},
           Row{"/console/favicon.svg", "<svg/>", "image/svg+xml", "no-cache"},
           Row{"/console/assets/index-1a2b.js", "code", "text/javascript; charset=utf-8", kept},
           Row{"/console/assets/index-1a2b.css", "style", "text/css; charset=utf-8", kept},
       }) {
    const HttpResponse answer = get(files, row.target);
    EXPECT_EQ(answer.status, 200) << row.target;
    EXPECT_EQ(answer.body, row.body) << row.target;
    EXPECT_EQ(header(answer, "Content-Type"), row.type) << row.target;
    EXPECT_EQ(header(answer, "Cache-Control"), row.cache) << row.target;
  }
}

TEST_F(ConsoleFilesTest, SendsNothingFromOutsideTheFolder) {
  std::ofstream(folder_.string() + ".secret.html") << "secret";
  fs::create_symlink(folder_.string() + ".secret.html", folder_ / "assets/link.html");
  put(".hidden.html", "hidden");
  put("assets/notes.txt", "no kind of ours");
  const ConsoleFiles files = read();
  for (const std::string target :
       {"/console/assets/link.html", "/console/assets/notes.txt", "/console/assets/", "/console/assets/gone.js",
        "/console/assets/../index.html", "/console/assets/%2e%2e/index.html", "/console/assets/index-1a2b.js.gz"}) {
    EXPECT_EQ(get(files, target).status, 404) << target;
  }
  for (const std::string target :
       {"/console/../etc/passwd", "/console/..%2f.secret.html", "/console/.hidden.html", "/console//etc/passwd"}) {
    EXPECT_EQ(get(files, target).body, "<!doctype html>") << target;
  }
  fs::remove(folder_.string() + ".secret.html");
}

TEST_F(ConsoleFilesTest, PacksForWhoeverTakesIt) {
  const ConsoleFiles files = read();
  struct Row {
    std::string accepts;
    bool packed;
  };
  for (const Row& row : {Row{"gzip", true}, Row{"br, GZIP, deflate", true}, Row{"br;q=1, gzip;q=0.5", true},
                         Row{"gzip;q=0", false}, Row{"gzip;q=0.000", false}, Row{"gzip ; q=1", true},
                         Row{"identity", false}, Row{"xgzip", false}, Row{"", false}}) {
    const HttpResponse answer = get(files, "/console/assets/index-1a2b.js", {{"Accept-Encoding", row.accepts}});
    EXPECT_EQ(answer.body, row.packed ? "packed code" : "code") << row.accepts;
    EXPECT_EQ(header(answer, "Content-Encoding"), row.packed ? "gzip" : "") << row.accepts;
    EXPECT_EQ(header(answer, "Vary"), "Accept-Encoding");
  }
  EXPECT_EQ(get(files, "/console/assets/index-1a2b.css", {{"Accept-Encoding", "gzip"}}).body, "style")
      << "the build has none of it";
}

TEST_F(ConsoleFilesTest, LeadsToTheConsole) {
  const ConsoleFiles files = read();
  for (const std::string target : {"/", "/console"}) {
    EXPECT_TRUE(ConsoleFiles::is_console_path(target));
    EXPECT_EQ(get(files, target).status, 302) << target;
    EXPECT_EQ(header(get(files, target), "Location"), "/console/") << target;
  }
  for (const std::string other : {"/v1/decisions", "/consoles", "/healthz", "//console/"})
    EXPECT_FALSE(ConsoleFiles::is_console_path(other)) << other;
}

TEST_F(ConsoleFilesTest, LetsNoCodeInButItsOwn) {
  const std::string alone = header(get(read(), "/console/"), "Content-Security-Policy");
  EXPECT_EQ(
      alone,
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
  const std::string beside = header(get(read("http://127.0.0.1:8183"), "/console/"), "Content-Security-Policy");
  EXPECT_NE(beside.find("connect-src 'self' http://127.0.0.1:8183; "), std::string::npos);
}

TEST_F(ConsoleFilesTest, SaysHowToBuildOne) {
  EXPECT_EQ(get(ConsoleFiles(), "/console/").status, 503);
  EXPECT_NE(get(ConsoleFiles(), "/console/").body.find("tools/console-build"), std::string::npos);
  fs::remove(folder_ / "index.html");
  const auto without = ConsoleFiles::read(folder_.string(), {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().message, "`" + folder_.string() + "` has no `index.html`; tools/console-build makes one");
  EXPECT_FALSE(ConsoleFiles::read(folder_.string() + "/gone", {}));
}

}  // namespace
}  // namespace portreeve::pdp
