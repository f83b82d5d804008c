// Bodies that go on: in order, to many, cut where the reader is too slow.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "engine/base/mutex.h"
#include "pdp/http/http_server.h"
#include "tests/pdp/http/raw_client.h"

namespace portreeve::pdp {
namespace {

std::shared_ptr<const std::string> piece(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Answers each request by a stream, which the test takes.
class Streams {
 public:
  HttpHandler handler() {
    return [this](HttpRequest request, Responder responder) {
      if (request.path() == "/plain") return echo(std::move(request), std::move(responder));
      HttpResponse response{200, {{"Content-Type", "text/event-stream"}}, "begin\n"};
      response.stream = [this](std::shared_ptr<BodyStream> stream) {
        const MutexLock lock(mutex_);
        opened_.push_back(std::move(stream));
        arrived_.notify_all();
      };
      responder.respond(std::move(response));
    };
  }
  std::vector<std::shared_ptr<BodyStream>> take(std::size_t count) {
    MutexLock lock(mutex_);
    while (opened_.size() < count) lock.wait(arrived_);
    return std::exchange(opened_, {});
  }

 private:
  Mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<std::shared_ptr<BodyStream>> opened_ GUARDED_BY(mutex_);
};

// True once nothing can be sent any more; what is sent meanwhile is lost, as the peer is gone.
void wait_until_ended(BodyStream& stream) {
  while (stream.send(piece("x"))) std::this_thread::yield();
}

TEST(HttpStream, SendsThePiecesInOrderAndEndsWithTheConnection) {
  Streams streams;
  const auto server = serve(loopback(), streams.handler());
  RawClient client(server->endpoints()[0]);
  client.send(get("/"));
  const auto stream = streams.take(1)[0];
  std::string all = "begin\n";
  for (int i = 0; i < 1000; ++i) {
    all += std::to_string(i) + "\n";
    ASSERT_TRUE(stream->send(piece(std::to_string(i) + "\n")));
  }
  stream->finish();
  const RawResponse head = client.receive();
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Connection: close")) << head.head;
  EXPECT_EQ(head.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.rest(), all);
  EXPECT_FALSE(stream->send(piece("late")));
}

TEST(HttpStream, AHeadRequestHasNone) {
  Streams streams;
  const auto server = serve(loopback(), streams.handler());
  RawClient client(server->endpoints()[0]);
  client.send("HEAD / HTTP/1.1\r\nHost: pdp\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpStream, OnePieceGoesToManyFromManyThreads) {
  Streams streams;
  HttpServerOptions options = loopback();
  options.threads = 2;
  const auto server = serve(options, streams.handler());
  constexpr std::size_t kClients = 50;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->endpoints()[0]));
    clients.back()->send(get("/"));
  }
  const auto opened = streams.take(kClients);
  const auto shared = piece(std::string(10'000, 'a'));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < kClients; i += 2) {
        for (int n = 0; n < 20; ++n) EXPECT_TRUE(opened[i]->send(shared));
        opened[i]->finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& client : clients) {
    EXPECT_EQ(client->receive().status, 200);
    EXPECT_EQ(client->rest().size(), 6 + 20 * 10'000u);
  }
}

TEST(HttpStream, CutsAReaderThatLetsTooMuchWait) {
  Streams streams;
  HttpServerOptions options = loopback();
  options.stream_bytes = 1u << 20;
  options.linger = Millis(3'600'000);  // whoever is not cut stays
  const auto server = serve(options, streams.handler());
  RawClient slow(server->endpoints()[0], 4096);
  slow.send(get("/"));
  const auto stream = streams.take(1)[0];
  const auto big = piece(std::string(64u << 10, 'a'));
  std::size_t sent = 0;
  while (stream->send(big)) ++sent;
  EXPECT_LT(sent, 1000u);
  while (server->stats().connections_open > 0) std::this_thread::yield();
}

TEST(HttpStream, CutsAReaderThatTakesNothingInTime) {
  Streams streams;
  HttpServerOptions options = loopback();
  options.write_deadline = Millis(50);
  const auto server = serve(options, streams.handler());
  RawClient slow(server->endpoints()[0], 4096);
  slow.send(get("/"));
  const auto stream = streams.take(1)[0];
  EXPECT_TRUE(stream->send(piece(std::string(8u << 20, 'a'))));
  while (server->stats().connections_open > 0) std::this_thread::yield();
  EXPECT_FALSE(stream->send(piece("x")));
}

TEST(HttpStream, NoticesThatThePeerIsGone) {
  Streams streams;
  const auto server = serve(loopback(), streams.handler());
  auto client = std::make_unique<RawClient>(server->endpoints()[0]);
  client->send(get("/") + get("/more") + std::string(100'000, 'x'));  // what follows is nobody's request
  const auto stream = streams.take(1)[0];
  EXPECT_TRUE(stream->send(piece("x")));
  client.reset();
  wait_until_ended(*stream);
  while (server->stats().connections_open > 0) std::this_thread::yield();
}

TEST(HttpStream, QuietOnesCostNoDeadline) {
  Streams streams;
  HttpServerOptions options = loopback();
  options.head_deadline = options.body_deadline = options.idle_deadline = options.write_deadline = Millis(40);
  const auto server = serve(options, streams.handler());
  RawClient quiet(server->endpoints()[0]);
  quiet.send(get("/"));
  const auto stream = streams.take(1)[0];
  for (int i = 0; i < 3; ++i) {  // each is closed by the tick that the stream outlives
    RawClient other(server->endpoints()[0]);
    EXPECT_EQ(other.ask(get("/plain")).status, 200);
    EXPECT_TRUE(other.is_closed());
  }
  EXPECT_TRUE(stream->send(piece("still here")));
  stream->finish();
  quiet.receive();
  EXPECT_EQ(quiet.rest(), "begin\nstill here");
}

TEST(HttpStream, DoesNotHoldUpAServerThatStops) {
  Streams streams;
  auto server = serve(loopback(), streams.handler());
  RawClient client(server->endpoints()[0]);
  client.send(get("/"));
  const auto stream = streams.take(1)[0];
  server->stop(Millis(60'000));
  EXPECT_FALSE(stream->send(piece("x")));
  stream->finish();
  server.reset();
  EXPECT_FALSE(stream->send(piece("x")));
}

}  // namespace
}  // namespace portreeve::pdp
