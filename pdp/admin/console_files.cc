#include "pdp/admin/console_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

// The build is a tenth of this; a folder that was named by mistake is not read into memory.
constexpr std::size_t kMaxConsoleBytes = 16u << 20;
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kAssets = "assets/";

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
});

std::optional<std::string_view> type_of(std::string_view name) {
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return std::nullopt;
}

// Names of files by their content never change their meaning; the page that names them may.
std::string_view cache_of(std::string_view name) {
  return name.starts_with(kAssets) ? "public, max-age=31536000, immutable" : "no-cache";
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(fmt::format("cannot read `{}`", path.string()));
  return bytes;
}

// RFC 9110 §12.5.3, as far as browsers use it: `gzip` is named, and not refused by a weight of zero.
bool accepts_gzip(const HttpRequest& request) {
  for (const std::string_view field : request.headers("Accept-Encoding")) {
    std::string lower = to_lower_ascii(field);
    std::erase_if(lower, [](char c) { return c == ' ' || c == '\t'; });
    for (std::string_view rest = lower; !rest.empty();) {
      const std::string_view coding = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), coding.size() + 1));
      if (coding == "gzip") return true;
      if (coding.starts_with("gzip;q=")) return coding.find_first_of("123456789", 7) != std::string_view::npos;
    }
  }
  return false;
}

HttpResponse redirect_to_console() {
  HttpResponse response{.status = 302, .headers = {{"Location", kConsolePath}}, .body = {}};
  return response;
}

}  // namespace

Result<ConsoleFiles> ConsoleFiles::read(const std::string& folder, std::string_view accounting) {
  ConsoleFiles out;
  std::size_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_symlink() || !at->is_regular_file()) continue;
    const std::string name = at->path().lexically_relative(folder).generic_string();
    const auto type = type_of(name);
    if (!type || name.starts_with('.') || name.find("/.") != std::string::npos) continue;
    File file{std::string(*type), {}, {}};
    TRY_ASSIGN(file.bytes, read_file(at->path()));
    const fs::path packed = at->path().string() + ".gz";
    if (std::error_code none; fs::is_regular_file(fs::symlink_status(packed, none))) {
      TRY_ASSIGN(file.gzip, read_file(packed));
    }
    total += file.bytes.size() + file.gzip.size();
    if (total > kMaxConsoleBytes) return fail(fmt::format("`{}` is too large for a build of the console", folder));
    out.files_.emplace(name, std::move(file));
  }
  if (error) return fail(fmt::format("cannot read `{}`: {}", folder, error.message()));
  if (!out.files_.contains(kIndex)) {
    return fail(fmt::format("`{}` has no `{}`; tools/console-build makes one", folder, kIndex));
  }
  out.policy_ = fmt::format(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{}{}; base-uri "
      "'none'; "
      "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      accounting.empty() ? "" : " ", accounting);
  return out;
}

bool ConsoleFiles::is_console_path(std::string_view path) {
  return path == "/" || path == "/console" || path.starts_with(kConsolePath);
}

HttpResponse ConsoleFiles::send(const HttpRequest& request, const File& file, std::string_view cache) const {
  HttpResponse response{.status = 200,
                        .headers = {{"Content-Type", file.type},
                                    {"Cache-Control", std::string(cache)},
                                    {"Content-Security-Policy", policy_},
                                    {"Vary", "Accept-Encoding"}},
                        .body = {}};
  const bool packed = !file.gzip.empty() && accepts_gzip(request);
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = packed ? file.gzip : file.bytes;
  return response;
}

HttpResponse ConsoleFiles::answer(const HttpRequest& request) const {
  std::string_view path = request.path();
  if (!path.starts_with(kConsolePath)) return redirect_to_console();
  if (files_.empty()) {
    return HttpResponse{
        .status = 503,
        .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
        .body = "This PDP has no console: build it with tools/console-build and name its folder with --console.\n"};
  }
  path.remove_prefix(std::string_view(kConsolePath).size());
  if (const auto found = files_.find(path); found != files_.end()) return send(request, found->second, cache_of(path));
  if (path.starts_with(kAssets)) return problem_response(404, "not-found", "the console has no such file");
  return send(request, files_.find(kIndex)->second, cache_of(kIndex));
}

}  // namespace portreeve::pdp
