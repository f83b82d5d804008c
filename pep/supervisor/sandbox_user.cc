#include "pep/supervisor/sandbox_user.h"

#include <charconv>

#include "engine/base/text.h"
#include "engine/wire/program_path.h"

namespace portreeve::supervisor {

namespace {

// -1 means "unchanged" to setresuid(2).
constexpr std::uint32_t kMostId = 0xffff'fffe;

bool read_id(std::string_view text, std::uint32_t& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() && id < kMostId;
}

}  // namespace

Result<SandboxUser> SandboxUser::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const std::size_t colon = rest.find(':');
    parts.push_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  SandboxUser user;
  const bool good = (parts.size() == 3 || parts.size() == 4) && !parts[0].empty() && parts[0].size() <= 64 &&
                    read_id(parts[1], user.uid) && read_id(parts[2], user.gid);
  if (!good) return fail("`" + printable(text) + "` is no user; it is `NAME:UID:GID` or `NAME:UID:GID:HOME`");
  user.name = parts[0];
  user.home = parts.size() == 4 ? parts[3] : "/";
  if (!wire::is_clean_path(user.home))
    return fail("`" + printable(user.home) + "` is no absolute, clean path of a home");
  return user;
}

const SandboxUser* find_user(const std::vector<SandboxUser>& users, std::string_view name) {
  if (name.empty()) return &users.front();
  for (const SandboxUser& user : users) {
    if (user.name == name) return &user;
  }
  return nullptr;
}

}  // namespace portreeve::supervisor
