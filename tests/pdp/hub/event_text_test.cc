#include "pdp/hub/event_text.h"

#include <gtest/gtest.h>

namespace portreeve::pdp {
namespace {

using storage::Event;
using storage::EventKind;

const Timestamp kTime = Timestamp::from_unix(1'795'000'000);

TEST(EventText, SaysWhatHappened) {
  EXPECT_EQ(hello_text(7, "sha256:ab", "pdp-1", Resumes::yes),
            "event: hello\ndata: {\"event\":7,\"pdp\":\"pdp-1\",\"revision\":\"sha256:ab\"}\n\n");
  EXPECT_EQ(hello_text(7, "sha256:ab", "pdp-1", Resumes::no),
            "id: 7\nevent: hello\ndata: {\"event\":7,\"pdp\":\"pdp-1\",\"revision\":\"sha256:ab\"}\n\n");
  EXPECT_EQ(heartbeat_text(7), "event: heartbeat\ndata: {\"event\":7}\n\n");
  struct Row {
    Event event;
    std::string text;
  };
  const Row rows[] = {
      {{8, EventKind::session, "ses_1", {"ses_1"}, "stolen", "idp/admin", kTime},
       R"({"event":8,"kind":"session","reason":"stolen","sessions":["ses_1"],"time":"2026-11-18T11:06:40.000Z"})"},
      {{8, EventKind::subject, "idp/rita", {"ses_1", "ses_2"}, "", "idp/admin", kTime},
       R"({"event":8,"kind":"subject","reason":"","sessions":["ses_1","ses_2"],"time":"2026-11-18T11:06:40.000Z"})"},
      {{8, EventKind::tenant, "acme", {}, "", "idp/admin", kTime},
       R"({"event":8,"kind":"tenant","reason":"","sessions":[],"time":"2026-11-18T11:06:40.000Z"})"},
      {{8, EventKind::all, "", {}, "line\nbreak", "idp/admin", kTime},
       R"({"all":true,"event":8,"kind":"all","reason":"line\nbreak","sessions":[],"time":"2026-11-18T11:06:40.000Z"})"},
      {{8, EventKind::end, "ses_1", {"ses_1"}, "", "orchestrator", kTime},
       R"({"event":8,"kind":"end","reason":"","sessions":["ses_1"],"time":"2026-11-18T11:06:40.000Z"})"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(event_text(row.event), "id: 8\nevent: revocation\ndata: " + row.text + "\n\n");
  }
  EXPECT_EQ(event_text({9, EventKind::activation, "sha256:cd", {}, "", "pdp", kTime}),
            "id: 9\nevent: activation\ndata: "
            "{\"event\":9,\"revision\":\"sha256:cd\",\"time\":\"2026-11-18T11:06:40.000Z\"}\n\n");
}

TEST(EventText, TellsOtherRolesToWhomTheyConcern) {
  const Event event{9, EventKind::roles, "ses_1", {"ses_1"}, "", "orchestrator", kTime};
  const std::string text =
      "id: 9\nevent: roles\ndata: "
      "{\"event\":9,\"session\":\"ses_1\",\"time\":\"2026-11-18T11:06:40.000Z\"}\n\n";
  EXPECT_EQ(event_text(event), text);
  EXPECT_EQ(event_text_for(event, "ses_1"), text);
  EXPECT_EQ(event_text_for(event, "ses_2"), "");
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(EventText, SplitsWhatIsLongAndNumbersTheLast) {
  struct Row {
    std::size_t sessions, messages;
  };
  for (const Row& row : {Row{0, 1}, Row{1, 1}, Row{1000, 1}, Row{1001, 2}, Row{2000, 2}, Row{2001, 3}}) {
    Event event{8, EventKind::tenant, "acme", {}, "", "idp/admin", kTime};
    for (std::size_t i = 0; i < row.sessions; ++i) event.sessions.push_back("ses_" + std::to_string(100'000 + i));
    const std::string text = event_text(event);
    EXPECT_EQ(count(text, "event: revocation\n"), row.messages) << row.sessions;
    EXPECT_EQ(count(text, "id: 8\n"), 1u);
    EXPECT_EQ(text.rfind("id: 8\n"), text.rfind("event: revocation\n") - 6) << "the last has it";
    EXPECT_EQ(count(text, "\"ses_"), row.sessions);
  }
}

TEST(EventText, ASupervisorHearsOfItsSession) {
  const Event tenant{8, EventKind::tenant, "acme", {"ses_1", "ses_2", "ses_3"}, "why", "idp/admin", kTime};
  EXPECT_EQ(event_text_for(tenant, "ses_2"),
            "id: 8\nevent: revocation\ndata: "
            "{\"event\":8,\"kind\":\"tenant\",\"reason\":\"why\",\"sessions\":[\"ses_2\"],"
            "\"time\":\"2026-11-18T11:06:40.000Z\"}\n\n");
  EXPECT_EQ(event_text_for(tenant, "ses_4"), "");
  EXPECT_EQ(event_text_for(tenant, "ses_"), "");
  for (const EventKind kind : {EventKind::all, EventKind::activation}) {
    const Event event{8, kind, "", {}, "", "idp/admin", kTime};
    EXPECT_EQ(event_text_for(event, "ses_4"), event_text(event));
  }
}

TEST(EventText, AResetTellsAllThatIsCut) {
  EXPECT_EQ(reset_text({5, {}}, kTime), "id: 5\nevent: reset\ndata: {\"event\":5}\n\n");
  EXPECT_EQ(
      reset_text({5, {"ses_1"}}, kTime),
      "event: reset\ndata: {\"event\":5}\n\n"
      "id: 5\nevent: revocation\ndata: {\"event\":5,\"kind\":\"session\",\"reason\":\"\",\"sessions\":[\"ses_1\"],"
      "\"time\":\"2026-11-18T11:06:40.000Z\"}\n\n");
}

TEST(EventText, ReadsTheIdOfALastEvent) {
  struct Row {
    std::string text;
    std::optional<std::int64_t> id;
  };
  const Row rows[] = {
      {"0", 0},
      {"1", 1},
      {"9007199254740991", 9007199254740991},
      {"9007199254740992", std::nullopt},
      {"9223372036854775808", std::nullopt},
      {"99999999999999999999999999", std::nullopt},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"01", std::nullopt},
      {"00", std::nullopt},
      {"1.0", std::nullopt},
      {"1e3", std::nullopt},
      {"0x1", std::nullopt},
      {"one", std::nullopt},
      {std::string("1\0", 2), std::nullopt},
      {"\xd9\xa1", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(read_event_id(row.text), row.id) << row.text;
}

}  // namespace
}  // namespace portreeve::pdp
