// Every listener hears every event once and in order, over the real store.
#include "pdp/hub/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "engine/reader/json_reader.h"
#include "storage/sqlite/state_store.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::pdp {
namespace {

using storage::EventKind;
using testing::ElementsAre;

const Timestamp kNow = Timestamp::from_unix(1'795'000'000);

struct Message {
  std::string event, id;
  JsonValue data;
  std::int64_t number() const { return *data.find("event")->as_int(); }
  std::string short_text() const {
    std::string out = event + " " + std::to_string(number());
    if (const JsonValue* kind = data.find("kind")) out += " " + *kind->as_string();
    return out;
  }
};

// What one listener heard, read as any reader of server-sent events would.
class Ear {
 public:
  SendPiece send() {
    return [this](std::shared_ptr<const std::string> piece) {
      const MutexLock lock(mutex_);
      if (deaf_) return false;
      text_ += *piece;
      heard_.notify_all();
      return true;
    };
  }
  void go_deaf() {
    const MutexLock lock(mutex_);
    deaf_ = true;
  }
  // Waits for a message that `wanted` holds for; all up to it, without heartbeats unless asked for.
  template <class Wanted>
  std::vector<Message> until(Wanted wanted, bool with_heartbeats = false) {
    MutexLock lock(mutex_);
    for (;;) {
      std::vector<Message> messages;
      for (const Message& message : read()) {
        if (with_heartbeats || message.event != "heartbeat") messages.push_back(message);
        if (wanted(message)) return messages;
      }
      lock.wait(heard_);
    }
  }
  std::vector<std::string> short_until(std::int64_t number) {
    std::vector<std::string> out;
    for (const Message& message :
         until([&](const Message& m) { return m.event != "hello" && m.event != "reset" && m.number() >= number; })) {
      out.push_back(message.short_text());
    }
    return out;
  }

 private:
  std::vector<Message> read() REQUIRES(mutex_) {
    std::vector<Message> messages;
    for (std::size_t at = 0, end = 0; (end = text_.find("\n\n", at)) != std::string::npos; at = end + 2) {
      Message message;
      std::string_view lines = std::string_view(text_).substr(at, end - at + 1);
      while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(line.size() + 1);
        if (line.starts_with("event: ")) message.event = line.substr(7);
        if (line.starts_with("id: ")) message.id = line.substr(4);
        if (line.starts_with("data: ")) message.data = *reader::parse_json(line.substr(6));
      }
      messages.push_back(std::move(message));
    }
    return messages;
  }

  Mutex mutex_;
  std::condition_variable_any heard_;
  std::string text_ GUARDED_BY(mutex_);
  bool deaf_ GUARDED_BY(mutex_) = false;
};

class EventHubTest : public testing::Test {
 protected:
  std::string make(const std::string& sub) {
    return sessions_->create({"idp", sub, "acme", JsonValue(JsonValue::Object{}), {}, Seconds{3600}}, kNow).value()->id;
  }
  std::int64_t revoke(EventKind kind, const std::string& name) {
    return sessions_->revoke({kind, name}, {"idp/admin", ""}, kNow).value().value().event;
  }
  std::int64_t activate() { return sessions_->events().activated("sha256:ab", kNow).value(); }
  void start(Millis heartbeat = Millis(3'600'000), std::size_t most = 100) {
    hub_ = std::make_unique<EventHub>(
        sessions_->events(), clock_,
        EventHub::Settings{"pdp-1", [] { return std::string("sha256:ab"); }, heartbeat, most});
  }

  storage::TemporaryFolder folder_;
  daemon::ManualClock clock_{kNow};
  std::unique_ptr<storage::SessionStore> sessions_ =
      storage::open_session_store(folder_.path() + "/state.sqlite").value();
  std::unique_ptr<EventHub> hub_;
};

TEST_F(EventHubTest, TellsWhatComesAndNothingOlder) {
  activate();
  start();
  Ear ear;
  ASSERT_TRUE(hub_->join({.send = ear.send()}));
  const std::string id = make("rita");
  revoke(EventKind::session, id);
  revoke(EventKind::subject, "idp/rita");
  revoke(EventKind::all, "");
  activate();
  EXPECT_THAT(ear.short_until(5), ElementsAre("hello 1", "revocation 2 session", "revocation 3 subject",
                                              "revocation 4 all", "activation 5"));
}

TEST_F(EventHubTest, TellsWhatWasMissed) {
  const std::string id = make("rita");
  activate();
  revoke(EventKind::session, id);
  activate();
  start();
  struct Row {
    std::int64_t after;
    std::vector<std::string> heard;
  };
  const Row rows[] = {
      {0, {"hello 3", "activation 1", "revocation 2 session", "activation 3", "activation 4"}},
      {2, {"hello 3", "activation 3", "activation 4"}},
      {3, {"hello 3", "activation 4"}},
      {4, {"hello 3", "reset 3", "revocation 3 session", "activation 4"}},
      {-1, {"hello 3", "reset 3", "revocation 3 session", "activation 4"}},
      {1'000'000, {"hello 3", "reset 3", "revocation 3 session", "activation 4"}},
  };
  std::vector<Ear> ears(std::size(rows));
  for (std::size_t i = 0; i < ears.size(); ++i) ASSERT_TRUE(hub_->join({ears[i].send(), "", rows[i].after}));
  activate();
  for (std::size_t i = 0; i < ears.size(); ++i) EXPECT_EQ(ears[i].short_until(4), rows[i].heard) << rows[i].after;
}

TEST_F(EventHubTest, ASupervisorHearsOfItsSessionAlone) {
  const std::string mine = make("rita"), other = make("ada");
  revoke(EventKind::session, other);
  start();
  Ear late, early;
  ASSERT_TRUE(hub_->join({early.send(), mine}));
  revoke(EventKind::session, make("ada"));
  const std::int64_t cut = revoke(EventKind::subject, "idp/rita");
  activate();
  EXPECT_THAT(early.short_until(4), ElementsAre("hello 1", "revocation 3 subject", "activation 4"));
  ASSERT_TRUE(hub_->join({late.send(), mine, 0}));
  EXPECT_THAT(late.short_until(4), ElementsAre("hello 4", "revocation 3 subject", "activation 4"));
  Ear lost;
  ASSERT_TRUE(hub_->join({lost.send(), mine, 77}));
  const auto messages = lost.until([](const Message& message) { return message.event == "revocation"; });
  EXPECT_EQ(to_canonical_json(*messages.back().data.find("sessions")), "[\"" + mine + "\"]");
  EXPECT_EQ(cut, 3);
}

TEST_F(EventHubTest, HeartbeatsNameTheLastEvent) {
  start(Millis(5));
  Ear ear;
  ASSERT_TRUE(hub_->join({.send = ear.send()}));
  activate();
  const auto messages =
      ear.until([](const Message& message) { return message.event == "heartbeat" && message.number() == 1; }, true);
  bool told = false;
  for (const Message& message : messages) {
    told |= message.event == "activation";
    if (message.event == "heartbeat") {
      EXPECT_EQ(message.number(), told ? 1 : 0);
    }
  }
}

TEST_F(EventHubTest, WhoHearsNothingAnyMoreIsForgotten) {
  start();
  Ear ear, other;
  ASSERT_TRUE(hub_->join({.send = ear.send()}));
  ASSERT_TRUE(hub_->join({.send = other.send()}));
  EXPECT_EQ(hub_->listeners(), 2u);
  ear.go_deaf();
  activate();
  other.short_until(1);
  activate();
  other.short_until(2);
  EXPECT_EQ(hub_->listeners(), 1u);
  EXPECT_FALSE(hub_->join({.send = ear.send()}));
  EXPECT_FALSE(hub_->join({ear.send(), "", 0}));
}

TEST_F(EventHubTest, ThereIsAnEndToListeners) {
  start(Millis(3'600'000), 2);
  std::vector<Ear> ears(3);
  EXPECT_TRUE(hub_->join({.send = ears[0].send()}));
  EXPECT_TRUE(hub_->join({.send = ears[1].send()}));
  EXPECT_FALSE(hub_->join({.send = ears[2].send()}));
}

// Listeners join, from every place in the row, while events come: none is missed, none comes twice.
TEST_F(EventHubTest, NothingIsLostWhileJoining) {
  start();
  constexpr int kEvents = 200;
  constexpr std::size_t kListeners = 40;
  std::vector<Ear> ears(kListeners);
  std::atomic<std::int64_t> made{0};
  std::thread writer([&] {
    for (int i = 0; i < kEvents; ++i) made.store(activate());
  });
  std::vector<std::thread> joiners;
  for (std::size_t t = 0; t < 2; ++t) {
    joiners.emplace_back([&, t] {
      for (std::size_t i = t; i < kListeners; i += 2) {
        while (made.load() < static_cast<std::int64_t>(i) * 4) std::this_thread::yield();
        const std::int64_t after = i % 4 == 0 ? 0 : made.load() - static_cast<std::int64_t>(i % 4);
        ASSERT_TRUE(hub_->join({ears[i].send(), "", std::max<std::int64_t>(after, 0)}));
      }
    });
  }
  writer.join();
  for (std::thread& joiner : joiners) joiner.join();
  for (std::size_t i = 0; i < kListeners; ++i) {
    const auto heard = ears[i].until([](const Message& m) { return m.event == "activation" && m.number() == kEvents; });
    EXPECT_EQ(heard.front().event, "hello");
    for (std::size_t n = 2; n < heard.size(); ++n) ASSERT_EQ(heard[n].number(), heard[n - 1].number() + 1) << i;
    if (i % 4 == 0) {
      EXPECT_EQ(heard.size(), kEvents + 1u);
    }
  }
}

}  // namespace
}  // namespace portreeve::pdp
