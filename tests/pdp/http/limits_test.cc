// Deadlines, limits, shedding and stopping.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "engine/base/mutex.h"
#include "pdp/http/http_server.h"
#include "tests/pdp/http/raw_client.h"

namespace portreeve::pdp {
namespace {

constexpr Millis kSoon{50};

// Keeps responders until the test takes them.
class Held {
 public:
  HttpHandler handler() {
    return [this](HttpRequest, Responder responder) {
      const MutexLock lock(mutex_);
      held_.push_back(std::move(responder));
      arrived_.notify_all();
    };
  }
  // Waits for `count` requests.
  std::vector<Responder> take(std::size_t count) {
    MutexLock lock(mutex_);
    while (held_.size() < count) lock.wait(arrived_);
    return std::exchange(held_, {});
  }

 private:
  Mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<Responder> held_ GUARDED_BY(mutex_);
};

TEST(HttpDeadlines, EndWhoeverIsTooSlow) {
  HttpServerOptions slow_only = loopback();
  slow_only.head_deadline = slow_only.body_deadline = slow_only.idle_deadline = Millis(60'000);
  struct Row {
    const char* name;
    Millis HttpServerOptions::*deadline;
    std::string bytes;
    int first_status;  // of a request answered before; 0 for none
    int status;        // 0: closed without a word
  };
  const std::vector<Row> rows = {
      {"says nothing", &HttpServerOptions::head_deadline, "", 0, 0},
      {"stops in the request line", &HttpServerOptions::head_deadline, "GET", 0, 408},
      {"stops in a field", &HttpServerOptions::head_deadline, "GET / HTTP/1.1\r\nHost: h\r\nX:", 0, 408},
      {"stops in a second head", &HttpServerOptions::head_deadline, get("/") + "GET / HT", 200, 408},
      {"stops before the body", &HttpServerOptions::body_deadline,
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", 0, 408},
      {"stops in the body", &HttpServerOptions::body_deadline,
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1", 0, 408},
      {"stops in a chunk", &HttpServerOptions::body_deadline,
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 0, 408},
      {"ends chunks by line feeds", &HttpServerOptions::body_deadline,
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", 0, 408},
      {"asks no more", &HttpServerOptions::idle_deadline, get("/"), 200, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    HttpServerOptions options = slow_only;
    options.*row.deadline = kSoon;
    const auto server = serve(options, echo);
    RawClient client(server->endpoints()[0]);
    const auto start = std::chrono::steady_clock::now();
    client.send(row.bytes);
    if (row.first_status != 0) {
      EXPECT_EQ(client.receive().status, row.first_status);
    }
    if (row.status != 0) {
      EXPECT_EQ(client.receive().status, row.status);
    }
    EXPECT_TRUE(client.is_closed());
    EXPECT_GE(std::chrono::steady_clock::now() - start, kSoon) << "early";
  }
}

TEST(HttpDeadlines, ADripDoesNotMoveThem) {
  HttpServerOptions options = loopback();
  options.head_deadline = kSoon;
  const auto server = serve(options, echo);
  RawClient client(server->endpoints()[0]);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  std::atomic<bool> ended = false;
  std::thread drip([&] {
    while (!ended && client.send("x")) std::this_thread::yield();
  });
  const int status = client.receive().status;
  ended = true;
  drip.join();
  // A drip that is fast enough fills the head first; either way it ends.
  EXPECT_TRUE(status == 408 || status == 431) << status;
  EXPECT_TRUE(client.is_gone());
}

TEST(HttpDeadlines, EndAClientThatDoesNotTakeItsAnswer) {
  HttpServerOptions options = loopback();
  options.write_deadline = kSoon;
  const std::string large(64u << 20, 'x');
  const auto server = serve(options, [&](HttpRequest, Responder responder) { responder.respond({200, {}, large}); });
  RawClient client(server->endpoints()[0], 4096);
  client.send(get("/"));
  while (server->stats().requests == 0 || server->stats().connections_open > 0) std::this_thread::yield();
  EXPECT_EQ(client.receive().status, 0) << "the rest of the answer never came";
}

TEST(HttpDeadlines, DoNotRunWhileTheHandlerHasTheRequest) {
  HttpServerOptions options = loopback();
  options.head_deadline = options.body_deadline = options.idle_deadline = options.write_deadline = kSoon;
  Held held;
  const auto server = serve(options, held.handler());
  RawClient waiting(server->endpoints()[0]);
  waiting.send(get("/"));
  std::vector<Responder> responders = held.take(1);
  RawClient idle(server->endpoints()[0]);
  EXPECT_TRUE(idle.is_closed()) << "by which time the deadline of the other would have passed too";
  responders[0].respond({200, {}, "late"});
  EXPECT_EQ(waiting.receive().body, "late");
}

TEST(HttpDeadlines, EndALingeringPeer) {
  HttpServerOptions options = loopback();
  options.linger = kSoon;
  const auto server = serve(options, echo);
  RawClient client(server->endpoints()[0]);
  EXPECT_EQ(client.ask("nonsense\r\n\r\n").status, 400);
  EXPECT_TRUE(client.is_closed());
  while (server->stats().connections_open > 0) std::this_thread::yield();
}

TEST(HttpLimits, HoldToTheByte) {
  HttpServerOptions options = loopback();
  options.head_bytes = 1024;
  options.body_bytes = 10;
  const auto server = serve(options, echo);
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  for (const std::size_t size : {std::size_t{1023}, std::size_t{1024}, std::size_t{1025}}) {
    RawClient client(server->endpoints()[0]);
    EXPECT_EQ(client.ask(start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n").status,
              size <= 1024 ? 200 : 431)
        << size;
  }
  for (const std::size_t size : {std::size_t{9}, std::size_t{10}, std::size_t{11}}) {
    RawClient client(server->endpoints()[0]);
    EXPECT_EQ(client.ask(post(std::string(size, 'x'))).status, size <= 10 ? 200 : 413) << size;
    RawClient chunky(server->endpoints()[0]);
    std::string chunks = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < size; ++i) chunks += "1\r\nx\r\n";
    EXPECT_EQ(chunky.ask(chunks + "0\r\n\r\n").status, size <= 10 ? 200 : 413) << size;
  }
}

TEST(HttpLimits, BoundTheFramingOfASmallBody) {
  HttpServerOptions options = loopback();
  options.head_bytes = 1024;
  options.body_bytes = 1000;
  const auto server = serve(options, echo);
  RawClient client(server->endpoints()[0]);
  std::string chunks = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunks += "1;" + std::string(500, 'e') + "\r\nx\r\n";
  EXPECT_EQ(client.ask(chunks + "0\r\n\r\n").status, 413);
}

TEST(HttpLimits, ShedConnectionsBeyondTheLimit) {
  HttpServerOptions options = loopback();
  options.max_connections = 2;
  options.linger = kSoon;
  const auto server = serve(options, echo);
  {
    RawClient first(server->endpoints()[0]);
    RawClient second(server->endpoints()[0]);
    EXPECT_EQ(first.ask(get("/")).status, 200);
    EXPECT_EQ(second.ask(get("/")).status, 200);
    RawClient third(server->endpoints()[0]);
    const RawResponse shed = third.receive();
    EXPECT_EQ(shed.status, 503);
    EXPECT_TRUE(shed.has("Retry-After: 1")) << shed.head;
    EXPECT_NE(shed.body.find("urn:portreeve:problem:overloaded"), std::string::npos) << shed.body;
    EXPECT_TRUE(third.is_closed());
    EXPECT_EQ(first.ask(get("/")).status, 200);
  }
  while (server->stats().connections_open > 0) std::this_thread::yield();
  RawClient fourth(server->endpoints()[0]);
  EXPECT_EQ(fourth.ask(get("/")).status, 200);
  EXPECT_EQ(server->stats().connections_shed, 1u);
}

TEST(HttpLimits, ShedRequestsBeyondThoseInFlight) {
  HttpServerOptions options = loopback();
  options.max_in_flight = 2;
  Held held;
  const auto server = serve(options, held.handler());
  RawClient first(server->endpoints()[0]);
  RawClient second(server->endpoints()[0]);
  RawClient third(server->endpoints()[0]);
  first.send(get("/"));
  second.send(get("/"));
  std::vector<Responder> responders = held.take(2);
  const RawResponse shed = third.ask(get("/"));
  EXPECT_EQ(shed.status, 503);
  EXPECT_TRUE(shed.has("Retry-After: 1")) << shed.head;
  responders.clear();
  EXPECT_EQ(first.receive().status, 503);
  EXPECT_EQ(second.receive().status, 503);
  third.send(get("/"));
  held.take(1)[0].respond({200, {}, "now"});
  EXPECT_EQ(third.receive().body, "now");
  EXPECT_EQ(server->stats().requests_shed, 1u);
  EXPECT_EQ(server->stats().requests_in_flight, 0u);
}

TEST(HttpStop, ClosesIdleConnectionsAndNoLongerAccepts) {
  const auto server = serve(loopback(), echo);
  RawClient used(server->endpoints()[0]);
  EXPECT_EQ(used.ask(get("/")).status, 200);
  server->stop(Millis(60'000));
  EXPECT_TRUE(used.is_gone());
  const RawClient late(server->endpoints()[0]);
  EXPECT_FALSE(late.is_connected());
}

TEST(HttpStop, LetsRequestsInFlightBeAnswered) {
  Held held;
  HttpServerOptions options = loopback();
  options.linger = kSoon;
  const auto server = serve(options, held.handler());
  RawClient client(server->endpoints()[0]);
  RawClient idle(server->endpoints()[0]);
  client.send(get("/"));
  std::vector<Responder> responders = held.take(1);
  std::thread stopper([&] { server->stop(Millis(60'000)); });
  EXPECT_TRUE(idle.is_gone());
  responders[0].respond({200, {}, "answered"});
  const RawResponse response = client.receive();
  EXPECT_EQ(response.body, "answered");
  EXPECT_TRUE(response.has("Connection: close")) << response.head;
  EXPECT_TRUE(client.is_closed());
  stopper.join();
}

TEST(HttpStop, EndsAfterItsGraceAndDropsWhatComesLater) {
  Held held;
  auto server = serve(loopback(), held.handler());
  RawClient client(server->endpoints()[0]);
  client.send(get("/"));
  std::vector<Responder> responders = held.take(1);
  server->stop(kSoon);
  EXPECT_TRUE(client.is_gone());
  server.reset();
  responders[0].respond({200, {}, "too late"});
}

TEST(HttpStop, UnderLoadEveryAnswerIsWholeOrNotThere) {
  for (int round = 0; round < 5; ++round) {
    HttpServerOptions options = loopback();
    options.threads = 2;
    options.linger = kSoon;
    const auto server = serve(options, echo);
    std::atomic<std::uint64_t> answered = 0;
    std::vector<std::thread> clients;
    for (int c = 0; c < 16; ++c) {
      clients.emplace_back([&] {
        RawClient client(server->endpoints()[0]);
        for (int i = 0;; ++i) {
          const std::string body = std::to_string(i);
          const RawResponse response = client.ask(post(body));
          if (response.status == 0) return;
          EXPECT_EQ(response.body, "POST /p " + body);
          ++answered;
        }
      });
    }
    while (answered < 500) std::this_thread::yield();
    server->stop(Millis(60'000));
    for (std::thread& client : clients) client.join();
    EXPECT_GE(server->stats().requests, answered);
    EXPECT_EQ(server->stats().connections_open, 0u);
    EXPECT_EQ(server->stats().requests_in_flight, 0u);
  }
}

}  // namespace
}  // namespace portreeve::pdp
