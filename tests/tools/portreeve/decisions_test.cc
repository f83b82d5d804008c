// `portreeve decisions`, over a data folder that a live log is writing.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/reader/json_reader.h"
#include "engine/wire/record.h"
#include "storage/sqlite/decision_log.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

std::string id_of(int number) { return fmt::format("dec_01JDF3ZJ9GQ5C6B2M8N4T7V{:03}", number); }

wire::DecisionRecord decision(int number, bool allowed, const std::string& host) {
  wire::DecisionRecord record;
  record.id = id_of(number);
  record.time = Timestamp::from_unix(1'795'000'000 + number);
  record.source = {"pdp", "boot"};
  record.seq = number + 1;
  record.revision = "sha256:" + std::string(64, 'a');
  record.subject = {"user", allowed ? "keycloak/rita" : "keycloak/carl"};
  record.session = "ses_A";
  record.tenant = allowed ? "acme" : "globex";
  record.action = "egress.connect";
  record.resource = {"endpoint", host + ":443", JsonValue(JsonValue::Object{{"host", host}})};
  record.decision = allowed;
  record.reason = allowed ? "rule-allow" : "rule-deny";
  record.rules = {allowed ? "research-web/packages" : "everyone/no-paste-sites"};
  record.pep = "egress-1";
  return record;
}

class Decisions : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = storage::open_decision_log(*files_, folder_.path());
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
  }

  void commit(std::vector<wire::DecisionRecord> records) {
    std::promise<bool> durable;
    log_->commit(std::move(records), [&](auto done) { durable.set_value(done.has_value()); });
    ASSERT_TRUE(durable.get_future().get());
  }
  void commit_two() { commit({decision(1, true, "packages.example.org"), decision(2, false, "pastebin.com")}); }
  void report(const std::string& decision_id) {
    wire::OutcomeRecord record;
    record.gate = "egress-1";
    record.boot = "boot-1";
    record.seq = 1;
    record.time = record.received = Timestamp::from_unix(1'795'000'100);
    record.source = {"pdp", "boot"};
    record.decision_id = decision_id;
    record.event = "closed";
    record.result = "ok";
    record.address = "93.184.215.14";
    record.bytes_in = 2048;
    std::promise<bool> durable;
    log_->report({record}, [&](auto done) { durable.set_value(done.has_value() && done->stored == 1); });
    ASSERT_TRUE(durable.get_future().get());
  }

  Ended decisions(std::vector<std::string> arguments, const Process::Settings& settings = {}) const {
    arguments.insert(arguments.begin(), {"decisions", "--data", folder_.path()});
    return portreeve(arguments, settings);
  }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  const Folder folder_;
  const std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  std::unique_ptr<storage::DecisionLog> log_;
};

TEST_F(Decisions, ListsWhatIsDurableTheNewestLast) {
  commit_two();
  report(id_of(1));
  const Ended ended = decisions({});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto lines = lines_of(ended.out);
  ASSERT_EQ(lines.size(), 4u) << ended.out;
  EXPECT_EQ(lines[0].substr(0, 46), "TIME                      ANSWER  SUBJECT     ") << ended.out;
  EXPECT_EQ(lines[1],
            "2026-11-18T11:06:41.000Z  allow   keycloak/rita  egress.connect  packages.example.org:443  rule-allow  "
            "research-web/packages    " +
                id_of(1));
  EXPECT_NE(lines[2].find("deny    keycloak/carl"), std::string::npos);
  EXPECT_NE(lines[3].find("closed  egress-1"), std::string::npos) << lines[3];
}

TEST_F(Decisions, FiltersAreAndedAndEachIsOneOfTheLogs) {
  commit_two();
  report(id_of(1));
  struct Case {
    std::vector<std::string> filter;
    std::size_t found;
  };
  const std::vector<Case> cases{
      {{}, 3},
      {{"--decision", "allow"}, 1},
      {{"--decision", "deny", "--subject", "keycloak/rita"}, 0},
      {{"--reason", "rule-deny"}, 1},
      {{"--rule", "everyone/no-paste-sites"}, 1},
      {{"--rule", "no-paste-sites"}, 0},
      {{"--subject", "keycloak/rita"}, 1},
      {{"--session", "ses_A"}, 2},
      {{"--tenant", "globex"}, 1},
      {{"--action", "egress.connect"}, 2},
      {{"--host", "PASTEBIN.com"}, 1},
      {{"--resource", "example.org"}, 1},
      {{"--pep", "egress-1"}, 3},
      {{"--pep", "egress-2"}, 0},
      {{"--kind", "outcome"}, 1},
      {{"--text", "no-paste"}, 1},
      {{"--since", "2026-11-18T11:06:42Z"}, 2},
      {{"--until", "2026-11-18T11:06:42Z"}, 1},
      {{"--limit", "1"}, 1},
  };
  for (const Case& filter : cases) {
    std::vector<std::string> arguments = filter.filter;
    arguments.emplace_back("--json");
    const Ended ended = decisions(arguments);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(lines_of(ended.out).size(), filter.found) << fmt::format("{}", fmt::join(filter.filter, " ")) << "\n"
                                                        << ended.out;
  }
}

TEST_F(Decisions, JsonIsTheStoredBytes) {
  commit_two();
  const auto bytes = wire::to_bytes(decision(2, false, "pastebin.com"));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(decisions({"--json", "--decision", "deny"}).out, *bytes + "\n");
}

TEST_F(Decisions, ShowsADecisionWholeWithWhatBecameOfIt) {
  commit_two();
  report(id_of(1));
  const Ended ended = portreeve({"decisions", "show", id_of(1), "--data", folder_.path()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_NE(ended.out.find("id                           " + id_of(1) + "\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("subject.id                   keycloak/rita\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("\n\nrecord                       2\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("address                      93.184.215.14\n"), std::string::npos) << ended.out;
  EXPECT_EQ(lines_of(portreeve({"decisions", "show", id_of(1), "--json", "--data", folder_.path()}).out).size(), 2u);
  const Ended missing = portreeve({"decisions", "show", "dec_\x1b[2J", "--data", folder_.path()});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.err, "portreeve: no decision has the id `dec_\\x1b[2J`\n");
}

TEST_F(Decisions, FitTheTerminalAndHaveColourThereOnly) {
  commit_two();
  for (const int columns : {110, 140}) {
    const Ended ended = decisions({}, {"", columns});
    EXPECT_NE(ended.out.find("\x1b[32mallow\x1b[0m"), std::string::npos) << ended.out;
    for (std::string line : lines_of(ended.out)) {
      for (std::size_t at = line.find('\x1b'); at != std::string::npos; at = line.find('\x1b'))
        line.erase(at, line.find('m', at) - at + 1);
      std::size_t shown = 0;
      for (const char c : line) shown += (static_cast<unsigned char>(c) & 0xC0) == 0x80 || c == '\r' ? 0 : 1;
      EXPECT_LE(shown, static_cast<std::size_t>(columns)) << line;
    }
  }
  EXPECT_EQ(decisions({}).out.find('\x1b'), std::string::npos);
}

TEST_F(Decisions, HostileTextInRecordsIsMadeVisible) {
  wire::DecisionRecord record = decision(1, false, "pastebin.com");
  record.subject.id = "keycloak/\x1b[2J\x1b]0;owned\x07";
  record.resource.id =
      "a\r\nFAKE  allow\x9b"
      "2K\xe2\x80\xae:443";
  record.rule_reason = "\x08\x08\x08";
  commit({record});
  for (const int columns : {0, 120}) {
    const Ended listed = decisions({}, {"", columns});
    const Ended shown = portreeve({"decisions", "show", id_of(1), "--data", folder_.path()}, {"", columns});
    for (const std::string& out : {listed.out, shown.out}) {
      for (const char* const hostile : {"\x1b[2J", "\x1b]", "\x07", "\nFAKE", "\xe2\x80\xae", "\x08"}) {
        EXPECT_EQ(out.find(hostile), std::string::npos) << columns << "\n" << out;
      }
    }
    EXPECT_EQ(lines_of(listed.out).size(), 2u) << listed.out;
  }
  EXPECT_NE(decisions({}).out.find("keycloak/\\x1b[2J"), std::string::npos);
  const std::string json = decisions({"--json"}).out;
  EXPECT_TRUE(reader::parse_json(json)) << json;
  EXPECT_EQ(json.find('\x1b'), std::string::npos);
}

TEST_F(Decisions, FollowGoesOnWithWhatIsDecidedFromNowOn) {
  commit_two();
  Process following(
      {PORTREEVE_COMMAND, "decisions", "--data", folder_.path(), "--follow", "--json", "--decision", "deny"});
  ASSERT_TRUE(following.wait_for(id_of(2))) << following.err();
  commit({decision(3, true, "packages.example.org"), decision(4, false, "pastebin.com")});
  ASSERT_TRUE(following.wait_for(id_of(4))) << following.err();
  commit({decision(5, false, "transfer.example.net")});
  ASSERT_TRUE(following.wait_for(id_of(5))) << following.err();
  following.signal(SIGINT);
  EXPECT_EQ(following.wait(), 128 + SIGINT);
  EXPECT_EQ(lines_of(following.out()).size(), 3u) << "each once, and no other\n" << following.out();
}

TEST_F(Decisions, ReindexBesideTheLiveLogLosesNothing) {
  commit_two();
  const Ended ended = decisions({"--reindex"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "the index was built anew of 2 records\n");
  commit({decision(3, true, "packages.example.org")});
  EXPECT_EQ(lines_of(decisions({"--json"}).out).size(), 3u);
}

TEST_F(Decisions, AFolderThatHoldsNoLogIsAnError) {
  for (const std::string& data : {folder_.file("nowhere"), std::string("/dev/null")}) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--reindex"}, {"show", "dec_1"}}) {
      std::vector<std::string> arguments{"decisions", "--data", data};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const Ended ended = portreeve(arguments);
      EXPECT_EQ(ended.code, 1) << data;
      EXPECT_EQ(ended.err.substr(0, 11), "portreeve: ") << ended.err;
    }
  }
}

}  // namespace
}  // namespace portreeve::test
