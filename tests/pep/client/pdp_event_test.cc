#include "pep/client/pdp_event.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace portreeve::pep {
namespace {

Result<PdpEvent> read(std::string type, std::string data, std::optional<std::int64_t> id = {}) {
  return read_event({std::move(type), std::move(data), id});
}

TEST(ReadEvent, ReadsEveryKind) {
  const auto hello = read("hello", R"({"event":7,"revision":"sha256:1","pdp":"pdp-1"})");
  ASSERT_TRUE(hello);
  EXPECT_EQ(std::get<Hello>(*hello).event, 7);
  EXPECT_EQ(std::get<Hello>(*hello).revision, "sha256:1");

  const auto cut = read(
      "revocation",
      R"({"event":8,"kind":"subject","sessions":["ses_1","ses_2"],"reason":"x","time":"2026-11-25T00:00:00Z"})", 8);
  ASSERT_TRUE(cut);
  EXPECT_EQ(std::get<Revocation>(*cut).event, 8);
  EXPECT_EQ(std::get<Revocation>(*cut).sessions, (std::vector<std::string>{"ses_1", "ses_2"}));
  EXPECT_FALSE(std::get<Revocation>(*cut).ended);
  EXPECT_FALSE(std::get<Revocation>(*cut).all);

  const auto end = read("revocation", R"({"event":9,"kind":"end","sessions":["ses_1"]})");
  ASSERT_TRUE(end);
  EXPECT_TRUE(std::get<Revocation>(*end).ended);

  const auto all = read("revocation", R"({"event":10,"kind":"all","all":true})");
  ASSERT_TRUE(all);
  EXPECT_TRUE(std::get<Revocation>(*all).all);
  EXPECT_TRUE(std::get<Revocation>(*all).sessions.empty());

  const auto strange = read("revocation", R"({"event":11,"kind":"fleet","sessions":["ses_3"]})");
  ASSERT_TRUE(strange) << "a kind of revocation that is new cuts all the same";
  EXPECT_EQ(std::get<Revocation>(*strange).sessions, std::vector<std::string>{"ses_3"});

  const auto activation = read("activation", R"({"event":12,"revision":"sha256:2","time":"2026-11-25T00:00:00Z"})", 12);
  ASSERT_TRUE(activation);
  EXPECT_EQ(std::get<Activation>(*activation).revision, "sha256:2");
  EXPECT_EQ(std::get<Heartbeat>(*read("heartbeat", R"({"event":0})")).event, 0);
  EXPECT_EQ(std::get<Reset>(*read("reset", R"({"event":12})")).event, 12);
  EXPECT_TRUE(std::holds_alternative<UnknownEvent>(*read("weather", "no JSON")));
}

TEST(ReadEvent, RefusesWhatIsHostile) {
  const std::string number = "an event has no number";
  std::string many = R"({"event":1,"kind":"all","sessions":["ses_0")";
  for (int i = 0; i < 1000; ++i) many += ",\"s\"";
  const std::tuple<std::string, std::string, std::string> table[] = {
      {"heartbeat", "", "no JSON text"},
      {"heartbeat", "{", "no JSON text"},
      {"heartbeat", R"({"event":1,"event":2})", "an object has a key twice"},
      {"heartbeat", "[]", number},
      {"heartbeat", "null", number},
      {"heartbeat", "{}", number},
      {"heartbeat", R"({"event":-1})", number},
      {"heartbeat", R"({"event":1.5})", number},
      {"heartbeat", R"({"event":"1"})", number},
      {"heartbeat", R"({"event":99999999999999999999})", number},
      {"hello", R"({"event":1})", "an event names no revision"},
      {"hello", R"({"event":1,"revision":""})", "an event names no revision"},
      {"hello", R"({"event":1,"revision":"a b"})", "an event names no revision"},
      {"activation", R"({"event":1,"revision":7})", "an event names no revision"},
      {"revocation", R"({"event":1,"sessions":["ses_1"]})", "a revocation has no `kind`"},
      {"revocation", R"({"event":1,"kind":"session"})", "a revocation names no sessions"},
      {"revocation", R"({"event":1,"kind":"session","all":false})", "a revocation names no sessions"},
      {"revocation", R"({"event":1,"kind":"all","all":"true"})", "a revocation's `all` is no boolean"},
      {"revocation", R"({"event":1,"kind":"session","sessions":"ses_1"})", "a revocation's `sessions` is no list"},
      {"revocation", R"({"event":1,"kind":"session","sessions":[1]})",
       "a revocation names something that is no session"},
      {"revocation", R"({"event":1,"kind":"session","sessions":[""]})",
       "a revocation names something that is no session"},
      {"revocation", R"({"event":1,"kind":"session","sessions":["a b"]})",
       "a revocation names something that is no session"},
      {"revocation", many + "]}", "a revocation names too many sessions"},
  };
  for (const auto& [type, data, error] : table) {
    const auto event = read(type, data);
    ASSERT_FALSE(event) << type << " " << data;
    EXPECT_EQ(event.error().message, error) << type << " " << data;
  }
  EXPECT_EQ(read("heartbeat", R"({"event":1})", 2).error().message, "an event's id is not its number");
}

}  // namespace
}  // namespace portreeve::pep
