#include "pdp/session/form.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

TEST(Form, DecodesWhatBrowsersAndClientsSend) {
  struct Row {
    std::string body;
    Form form;
  };
  for (const Row& row : std::vector<Row>{
           {"", {}},
           {"a=b", {{"a", "b"}}},
           {"a=", {{"a", ""}}},
           {"a=b&c=d", {{"a", "b"}, {"c", "d"}}},
           {"a=b=c", {{"a", "b=c"}}},
           {"a=x+y%20z%2Bw", {{"a", "x y z+w"}}},
           {"%61=%c3%A9", {{"a", "\xC3\xA9"}}},
           {"session_labels=%7B%22a%22%3A%22b%22%7D", {{"session_labels", R"({"a":"b"})"}}},
       }) {
    const auto form = parse_form(row.body);
    ASSERT_TRUE(form) << row.body << ": " << form.error().message;
    EXPECT_EQ(*form, row.form) << row.body;
  }
}

TEST(Form, RefusesWhatIsNotOne) {
  struct Row {
    std::string body, error;
  };
  std::string many = "f0=";
  for (int i = 1; i < 33; ++i) many += fmt::format("&f{}=", i);
  for (const Row& row : std::vector<Row>{
           {"a", "the form has a field without name or `=`"},
           {"=b", "the form has a field without name or `=`"},
           {"&", "the form has a field without name or `=`"},
           {"a=b&", "the form has a field without name or `=`"},
           {"&a=b", "the form has a field without name or `=`"},
           {"a=b&&c=d", "the form has a field without name or `=`"},
           {"a=1&a=1", "field `a` stands twice"},
           {"a=1&%61=2", "field `a` stands twice"},
           {"a=%", "field `a` cannot be decoded"},
           {"a=%4", "field `a` cannot be decoded"},
           {"a=%4g", "field `a` cannot be decoded"},
           {"a=%+1", "field `a` cannot be decoded"},
           {"a=%00", "field `a` cannot be decoded"},
           {"a=%ff", "field `a` cannot be decoded"},
           {"a=%ed%a0%80", "field `a` cannot be decoded"},
           {"a=b c", "field `a` cannot be decoded"},
           {"a=b\r\n", "field `a` cannot be decoded"},
           {"a=\xC3\xA9", "field `a` cannot be decoded"},
           {"a=b" + std::string(1, '\0'), "field `a` cannot be decoded"},
           {"%zz=1", "the form has a field whose name cannot be decoded"},
           {"{\"grant_type\":\"x\"}", "the form has a field without name or `=`"},
           {many, "the form has more than 32 fields"},
           {"a=" + std::string(65'536, 'x'), "the form is longer than 65536 bytes"},
       }) {
    const auto form = parse_form(row.body);
    ASSERT_FALSE(form) << printable(row.body);
    EXPECT_EQ(form.error().message, row.error) << printable(row.body);
  }
}

std::string encode(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    if (!body.empty()) body += '&';
    for (const std::string* part : {&name, &value}) {
      for (const char c : *part) body += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      if (part == &name) body += '=';
    }
  }
  return body;
}

TEST(Form, ReadsBackWhatItsInverseWroteAndSurvivesMutations) {
  const char* given = std::getenv("PORTREEVE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  fmt::print("seed {}\n", seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Form form;
    for (std::size_t n = random() % 4; n > 0; --n) {
      std::string name(1 + random() % 3, 'a'), value(random() % 6, 'b');
      for (char& c : name) c = static_cast<char>(1 + random() % 127);
      for (char& c : value) c = static_cast<char>(1 + random() % 127);
      form[name] = value;
    }
    std::string body = encode(form);
    const auto read = parse_form(body);
    ASSERT_TRUE(read) << body;
    ASSERT_EQ(*read, form) << body;
    if (body.empty()) continue;
    body[random() % body.size()] = static_cast<char>(random());
    const auto mutated = parse_form(body);
    if (mutated) {
      ASSERT_EQ(*parse_form(encode(*mutated)), *mutated) << printable(body);
    }
  }
}

}  // namespace
}  // namespace portreeve::pdp
