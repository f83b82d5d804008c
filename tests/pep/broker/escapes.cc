#include "tests/pep/broker/escapes.h"

#include "engine/base/text.h"

namespace portreeve::pep {
namespace {

int hex_value(char c) {
  const std::string_view digits = "0123456789abcdef";
  const std::size_t at = digits.find(to_lower_ascii(c));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string json_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[i + 1];
    if (c == '"' || c == '\\' || c == '/') {
      out += c;
      ++i;
    } else if (std::string_view("bfnrt").find(c) != std::string_view::npos) {
      out += '\n';
      ++i;
    } else if (c == 'u' && i + 5 < text.size()) {
      int value = 0;
      bool good = true;
      for (std::size_t d = 2; d < 6; ++d) {
        good = good && hex_value(text[i + d]) >= 0;
        value = value * 16 + hex_value(text[i + d]);
      }
      if (!good) {
        out += text[i];
        continue;
      }
      out += value < 0x80 ? static_cast<char>(value) : '\x80';
      i += 5;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string core(std::string_view credential, std::size_t before, bool url) {
  const std::string whole = std::string(before, 'x') + std::string(credential);
  std::string text = url ? base64url_encode(whole) : base64_encode(whole);
  while (!text.empty() && text.back() == '=') text.pop_back();
  if (whole.size() % 3 != 0) text.pop_back();
  const std::size_t skip = before == 0 ? 0 : before + 1;
  return text.substr(skip);
}

}  // namespace

std::string in_base64(std::string_view credential, std::size_t before, bool url) {
  const std::string whole = std::string("abcdefgh").substr(0, before) + std::string(credential) + "zz9";
  return url ? base64url_encode(whole) : base64_encode(whole);
}

std::string percent_escaped(std::string_view text, bool all) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain && !all) {
      out += c;
    } else {
      out += "%" + hex_encode(std::string_view(&c, 1));
    }
  }
  return out;
}

std::string json_escaped(std::string_view text, bool all) {
  std::string out;
  for (const char c : text) {
    if (all) {
      out += "\\u00" + hex_encode(std::string_view(&c, 1));
    } else if (c == '"' || c == '\\' || c == '/') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> slow_find(std::string_view text, std::string_view credential, std::string_view basic_pair) {
  std::vector<std::pair<std::string, std::string>> needles = {{"plain", std::string(credential)}};
  for (const bool url : {false, true}) {
    for (std::size_t before = 0; before < 3; ++before) {
      needles.emplace_back("base64 " + std::to_string(before) + (url ? " url" : ""), core(credential, before, url));
    }
    if (!basic_pair.empty()) needles.emplace_back("basic", core(basic_pair, 0, url));
  }
  const std::pair<std::string, std::string> readings[] = {
      {"raw", std::string(text)}, {"percent", percent_decoded(text)}, {"json", json_decoded(text)}};
  std::vector<std::string> found;
  for (const auto& [reading, read] : readings) {
    for (const auto& [name, needle] : needles) {
      if (read.find(needle) != std::string::npos) found.push_back(reading + " " + name);
    }
  }
  return found;
}

}  // namespace portreeve::pep
