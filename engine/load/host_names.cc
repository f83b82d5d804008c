#include "engine/load/host_names.h"

#include <fmt/format.h>
#include <libpsl.h>
#include <unicode/uidna.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/base/text.h"
#include "engine/load/files.h"

namespace portreeve::load {
namespace {

constexpr std::uint32_t kIdnaOptions =
    UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE;

// Hosting names below which anyone gets a name, and that Debian 12's list (2023-02-09) lacks.
constexpr std::array kSharedHosting = std::to_array<std::string_view>({
    "azureedge.net",
    "azurefd.net",
    "blob.core.windows.net",
    "cloudapp.azure.com",
    "devtunnels.ms",
    "dfs.core.windows.net",
    "file.core.windows.net",
    "fly.storage.tigris.dev",
    "gradio.live",
    "hf.space",
    "lhr.life",
    "loca.lt",
    "lovable.app",
    "modal.run",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.app",
    "ngrok.dev",
    "ngrok.pizza",
    "on.aws",
    "queue.core.windows.net",
    "r2.cloudflarestorage.com",
    "r2.dev",
    "replit.app",
    "replit.dev",
    "serveo.net",
    "servicebus.windows.net",
    "storage.googleapis.com",
    "streamlit.app",
    "table.core.windows.net",
    "trafficmanager.net",
    "tunnelmole.net",
    "up.railway.app",
    "val.run",
    "web.core.windows.net",
    "web.val.run",
});

std::string_view without_wildcard(std::string_view text) {
  if (text.starts_with("**.")) return text.substr(3);
  if (text.starts_with("*.")) return text.substr(2);
  return text;
}

bool needs_mapping(std::string_view name) {
  const bool ascii = std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return true;
  const std::string lower = to_lower_ascii(name);
  return lower.starts_with("xn--") || lower.find(".xn--") != std::string::npos;
}

struct CloseIdna {
  void operator()(UIDNA* idna) const { uidna_close(idna); }
};

// The A-label form. Any text.
std::optional<std::string> to_ascii(std::string_view name) {
  UErrorCode fault = U_ZERO_ERROR;
  const std::unique_ptr<UIDNA, CloseIdna> idna(uidna_openUTS46(kIdnaOptions, &fault));
  if (U_FAILURE(fault)) return std::nullopt;
  std::array<char, 512> out{};
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  const std::int32_t length = uidna_nameToASCII_UTF8(idna.get(), name.data(), static_cast<std::int32_t>(name.size()),
                                                     out.data(), static_cast<std::int32_t>(out.size()), &info, &fault);
  if (U_FAILURE(fault) || info.errors != 0 || length <= 0) return std::nullopt;
  return std::string(out.data(), static_cast<std::size_t>(length));
}

std::string reversed(std::string_view name) {
  std::string out;
  for (std::size_t end = name.size(); true;) {
    const std::size_t dot = name.substr(0, end).rfind('.');
    out += name.substr(dot + 1, end - dot - 1);
    if (dot == std::string_view::npos) return out;
    out += '.';
    end = dot;
  }
}

}  // namespace

Result<net::HostPattern> parse_policy_host(std::string_view text) {
  const std::string_view name = without_wildcard(text);
  if (!needs_mapping(name)) return net::HostPattern::parse(text);
  const auto ascii = name.size() <= 1024 ? to_ascii(name) : std::nullopt;
  if (!ascii || ascii->find('*') != std::string::npos) {
    return fail(fmt::format("`{}` is not a host name: its Unicode labels do not map (UTS 46)", printable(text)));
  }
  auto pattern = net::HostPattern::parse(std::string(text.substr(0, text.size() - name.size())) + *ascii);
  if (!pattern) return fail(fmt::format("`{}` maps to `{}`: {}", printable(text), *ascii, pattern.error().message));
  return pattern;
}

struct PublicSuffixes::List {
  const psl_ctx_t* builtin = psl_builtin();
  // Suffixes by reversed labels (`com.github`), for what stands below a name: libpsl cannot be asked that.
  std::set<std::string, std::less<>> reversed_names;

  List() {
    for (const std::string_view name : kSharedHosting) reversed_names.insert(reversed(name));
    const auto text = read_file("/usr/share/publicsuffix/public_suffix_list.dat", 4u << 20);
    if (text) add_lines(*text);
  }

  void add_lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      line = line.substr(0, line.find_first_of(" \t\r"));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.empty() || line.starts_with("//") || line.starts_with('!')) continue;
      // `*.kawasaki.jp`: every child is a suffix, so the parent stands above one.
      const bool children = line.starts_with("*.");
      if (children) line.remove_prefix(2);
      const auto ascii = needs_mapping(line) ? to_ascii(line) : std::optional<std::string>(line);
      if (ascii) reversed_names.insert(reversed(*ascii) + (children ? ".*" : ""));
    }
  }

  bool is_suffix(const std::string& name) const {
    return psl_is_public_suffix(builtin, name.c_str()) != 0 || reversed_names.contains(reversed(name));
  }

  // A suffix strictly below the name; with `children_only` one label below.
  std::optional<std::string> below(std::string_view name, bool children_only) const {
    const std::string start = reversed(name) + ".";
    for (auto it = reversed_names.lower_bound(start); it != reversed_names.end() && it->starts_with(start); ++it) {
      if (!children_only || it->find('.', start.size()) == std::string::npos) return reversed(*it);
    }
    return std::nullopt;
  }
};

PublicSuffixes::PublicSuffixes() : list_(std::make_unique<const List>()) {}
PublicSuffixes::~PublicSuffixes() = default;

std::optional<std::string> PublicSuffixes::covered_by(const net::HostPattern& pattern) const {
  if (pattern.kind() == net::HostPattern::Kind::exact) return std::nullopt;
  const std::string& suffix = pattern.suffix().str();
  if (list_->is_suffix(suffix)) return suffix;
  // A rule like `*.ck` makes every child a suffix; a label that no list names shows it where the file is missing.
  if (psl_is_public_suffix(list_->builtin, ("any-label." + suffix).c_str()) != 0) return "*." + suffix;
  return list_->below(suffix, pattern.kind() == net::HostPattern::Kind::one_label);
}

}  // namespace portreeve::load
