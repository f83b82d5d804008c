// What a client that behaves gets.
#include "pdp/http/http_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/mutex.h"
#include "tests/pdp/http/raw_client.h"

namespace portreeve::pdp {
namespace {

// A handler that hands its responders to a thread which answers them.
class OtherThread {
 public:
  OtherThread() : thread_([this] { run(); }) {}
  ~OtherThread() {
    {
      const MutexLock lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  HttpHandler handler() {
    return [this](HttpRequest request, Responder responder) {
      const MutexLock lock(mutex_);
      waiting_.emplace_back(std::move(request), std::move(responder));
      wake_.notify_all();
    };
  }

 private:
  void run() {
    MutexLock lock(mutex_);
    while (!ended_ || !waiting_.empty()) {
      while (!ended_ && waiting_.empty()) lock.wait(wake_);
      std::deque<std::pair<HttpRequest, Responder>> taken;
      taken.swap(waiting_);
      for (auto& [request, responder] : taken) echo(std::move(request), std::move(responder));
    }
  }

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::pair<HttpRequest, Responder>> waiting_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

TEST(HttpServer, KeepsAConnectionForManyRequests) {
  const auto server = serve(loopback(), echo);
  RawClient client(server->endpoints()[0]);
  for (int i = 0; i < 3; ++i) {
    const RawResponse response = client.ask(post("body " + std::to_string(i)));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "POST /p body " + std::to_string(i));
    EXPECT_TRUE(response.head.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << response.head;
    EXPECT_TRUE(response.has("Content-Type: text/plain")) << response.head;
  }
  EXPECT_EQ(server->stats().connections_accepted, 1u);
  EXPECT_EQ(server->stats().requests, 3u);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  OtherThread other;
  for (const bool elsewhere : {false, true}) {
    const auto server = serve(loopback(), elsewhere ? other.handler() : HttpHandler(echo));
    RawClient client(server->endpoints()[0]);
    std::string all;
    for (int i = 0; i < 2000; ++i) all += i % 2 == 0 ? get("/" + std::to_string(i)) : post(std::to_string(i));
    std::thread sender([&] { client.send(all); });
    for (int i = 0; i < 2000; ++i) {
      const RawResponse response = client.receive();
      const std::string number = std::to_string(i);
      EXPECT_EQ(response.body, i % 2 == 0 ? "GET /" + number + ' ' : "POST /p " + number);
    }
    sender.join();
  }
}

TEST(HttpServer, ShowsTheRequestAsItWasSent) {
  const auto server = serve(loopback(), [](HttpRequest request, Responder responder) {
    std::string seen = std::to_string(request.version()) + '|' + std::string(request.path()) + '|' +
                       std::string(request.query()) + '|' + std::string(request.header("x-a").value_or("none")) + '|';
    for (const std::string_view value : request.headers("X-B")) seen += std::string(value) + ',';
    for (std::size_t i = 0; i < request.header_count(); ++i) seen += std::string(request.header_at(i).first) + ';';
    seen += request.peer().address + ':' + std::to_string(request.peer().port);
    responder.respond({200, {}, seen});
  });
  RawClient client(server->endpoints()[0]);
  EXPECT_EQ(
      client
          .ask("GET /a%20b/?q=%2f&r? HTTP/1.1\r\nhost: h\r\nX-a: \t one two \t\r\nx-B: 1\r\nX-b:2\r\nX-Empty:\r\n\r\n")
          .body,
      "11|/a%20b/|q=%2f&r?|one two|1,2,host;X-a;x-B;X-b;X-Empty;127.0.0.1:" + std::to_string(client.local_port()));
}

TEST(HttpServer, FollowsTheClientOnWhetherTheConnectionStays) {
  struct Row {
    const char* request;
    const char* said;  // in the answer's head; empty: nothing about the connection
    bool kept;
  };
  for (const Row& row : {Row{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", true},
                         Row{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "Connection: close", false},
                         Row{"GET / HTTP/1.1\r\nHost: h\r\nconnection: x, CLOSE\r\n\r\n", "Connection: close", false},
                         Row{"GET / HTTP/1.0\r\n\r\n", "Connection: close", false},
                         Row{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive", true}}) {
    const auto server = serve(loopback(), echo);
    RawClient client(server->endpoints()[0]);
    const RawResponse response = client.ask(row.request);
    EXPECT_EQ(response.status, 200) << row.request;
    if (*row.said != '\0') {
      EXPECT_TRUE(response.has(row.said)) << response.head;
    }
    if (*row.said == '\0') {
      EXPECT_EQ(response.head.find("Connection"), std::string::npos) << response.head;
    }
    if (row.kept) {
      EXPECT_EQ(client.ask(row.request).status, 200) << row.request;
    }
    if (!row.kept) {
      EXPECT_TRUE(client.is_closed()) << row.request;
    }
  }
}

TEST(HttpServer, LeavesOutTheBodyWhereThereIsNone) {
  const auto server = serve(loopback(), [](HttpRequest request, Responder responder) {
    responder.respond({request.path() == "/204" ? 204 : 200, {}, request.path() == "/204" ? "" : "body"});
  });
  RawClient client(server->endpoints()[0]);
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/204") + get("/"));
  EXPECT_TRUE(client.receive(true).has("Content-Length: 4"));
  const RawResponse none = client.receive();
  EXPECT_EQ(none.status, 204);
  EXPECT_EQ(none.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.receive().body, "body");
}

TEST(HttpServer, ReadsChunkedBodies) {
  const auto server = serve(loopback(), echo);
  RawClient client(server->endpoints()[0]);
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\n1;ext=\"a b\"\r\n,\r\n00a\r\n0123456789\r\n0\r\nContent-Type: ignored\r\nX-T: 1\r\n\r\n";
  EXPECT_EQ(client.ask(request + get("/next")).body, "POST /p hello,0123456789");
  EXPECT_EQ(client.receive().body, "GET /next ");
}

TEST(HttpServer, ReadsRequestsHoweverTheyAreCutUp) {
  const auto server = serve(loopback(), echo);
  RawClient client(server->endpoints()[0]);
  for (const std::string& request :
       {post("some body"), std::string("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "4\r\nsome\r\n5\r\n body\r\n0\r\n\r\n")}) {
    for (const char byte : request) client.send(std::string_view(&byte, 1));
    EXPECT_EQ(client.receive().body, "POST /p some body");
  }
}

TEST(HttpServer, SaysContinueToThoseWhoWaitForIt) {
  const auto server = serve(loopback(), echo);
  RawClient client(server->endpoints()[0]);
  const std::string head = "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(client.ask(head).status, 100);
  EXPECT_EQ(client.ask("ok").body, "POST /p ok");
  // Who does not wait is not told.
  EXPECT_EQ(client.ask(head + "ok").status, 200);
  EXPECT_EQ(client.ask("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n").status, 200);
}

TEST(HttpServer, AnswersFromAnyThread) {
  OtherThread other;
  HttpServerOptions options = loopback();
  options.threads = 2;
  const auto server = serve(options, other.handler());
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server->endpoints()[0]);
      for (int i = 0; i < 200; ++i) {
        const std::string body = std::to_string(c) + '.' + std::to_string(i);
        EXPECT_EQ(client.ask(post(body)).body, "POST /p " + body);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(HttpServer, ServesSixtyFourKeptConnectionsAlike) {
  const auto server = serve(loopback(), echo);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(std::make_unique<RawClient>(server->endpoints()[0]));
  for (int round = 0; round < 3; ++round) {
    for (const auto& client : clients) client->send(get("/" + std::to_string(round)));
    for (const auto& client : clients) EXPECT_EQ(client->receive().body, "GET /" + std::to_string(round) + ' ');
  }
  EXPECT_EQ(server->stats().connections_open, 64u);
}

TEST(HttpServer, WritesAnswersLargerThanAnySocketBuffer) {
  const std::string large(20u << 20, 'x');
  const auto server = serve(loopback(), [&](HttpRequest, Responder responder) { responder.respond({200, {}, large}); });
  RawClient client(server->endpoints()[0]);
  client.send(get("/") + get("/"));
  EXPECT_TRUE(client.receive().body == large);
  EXPECT_TRUE(client.receive().body == large);
}

TEST(HttpServer, LetsNoHandlerSplitAHead) {
  const auto server = serve(loopback(), [](HttpRequest, Responder responder) {
    responder.respond({200, {{"X-Reason", "a\r\nX-Forged: 1\n\x01"}}, ""});
  });
  RawClient client(server->endpoints()[0]);
  const RawResponse response = client.ask(get("/"));
  EXPECT_TRUE(response.has("X-Reason: a  X-Forged: 1  ")) << response.head;
}

TEST(HttpServer, AnswersForTheForgetful) {
  const auto server = serve(loopback(), [](HttpRequest, Responder) {});
  RawClient client(server->endpoints()[0]);
  for (int i = 0; i < 2; ++i) {
    const RawResponse response = client.ask(get("/"));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body, R"({"detail":"the request was not answered","status":503,"title":"Service unavailable",)"
                             R"("type":"urn:portreeve:problem:unavailable"})");
  }
}

class UnixSocket : public testing::Test {
 protected:
  UnixSocket() {
    std::string pattern = (std::filesystem::temp_directory_path() / "portreeve-http-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.endpoints = {{"", 0, (folder_ / "pdp.sock").string()}};
  }
  ~UnixSocket() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
  HttpServerOptions options_;
};

TEST_F(UnixSocket, TellsWhoThePeerIs) {
  const auto server = serve(options_, [](HttpRequest request, Responder responder) {
    const HttpPeer& peer = request.peer();
    EXPECT_EQ(peer.kind, HttpPeer::Kind::unix_socket);
    EXPECT_EQ(peer.address, "");
    responder.respond(
        {200, {}, std::to_string(peer.uid) + ' ' + std::to_string(peer.gid) + ' ' + std::to_string(peer.pid)});
  });
  RawClient client(server->endpoints()[0]);
  EXPECT_EQ(client.ask(get("/")).body,
            std::to_string(getuid()) + ' ' + std::to_string(getgid()) + ' ' + std::to_string(getpid()));
}

TEST_F(UnixSocket, HasThePermissionsAskedForAndGoesWithTheServer) {
  options_.unix_mode = 0600;
  const std::string path = options_.endpoints[0].unix_path;
  {
    const auto server = serve(options_, echo);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, ReplacesOnlyAnOrphan) {
  const std::string path = options_.endpoints[0].unix_path;
  const auto first = serve(options_, echo);
  EXPECT_FALSE(HttpServer::listen(options_, echo)) << "a socket in use";
  RawClient client(options_.endpoints[0]);
  EXPECT_EQ(client.ask(get("/")).status, 200);
  first->stop(Millis(0));

  std::ofstream(path) << "a file";
  EXPECT_FALSE(HttpServer::listen(options_, echo)) << "a file that is no socket";
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);

  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  path.copy(un.sun_path, sizeof un.sun_path - 1);
  const int orphan = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(orphan, reinterpret_cast<const sockaddr*>(&un), sizeof un), 0);
  close(orphan);
  const auto second = serve(options_, echo);
  RawClient other(options_.endpoints[0]);
  EXPECT_EQ(other.ask(get("/")).status, 200);
}

TEST(HttpServerListen, ServesSeveralEndpoints) {
  HttpServerOptions options = loopback();
  options.endpoints.push_back({"localhost", 0, ""});
  options.threads = 2;
  const auto server = serve(options, echo);
  ASSERT_EQ(server->endpoints().size(), 2u);
  EXPECT_NE(server->endpoints()[0].port, server->endpoints()[1].port);
  for (const daemon::Endpoint& endpoint : server->endpoints()) {
    RawClient client({"127.0.0.1", endpoint.port, ""});
    EXPECT_EQ(client.ask(get("/")).status, 200);
  }
}

TEST(HttpServerListen, FailsWithTheReason) {
  HttpServerOptions options;
  EXPECT_EQ(HttpServer::listen(options, echo).error().message, "no address to listen on");
  options.endpoints = {{"pdp.example.org", 1, ""}};
  EXPECT_EQ(
      HttpServer::listen(options, echo).error().message,
      "cannot listen on `pdp.example.org:1`: `pdp.example.org` is no address (names other than `localhost` are not "
      "looked up)");
  const auto server = serve(loopback(), echo);
  options.endpoints = server->endpoints();
  EXPECT_EQ(HttpServer::listen(options, echo).error().message,
            "cannot listen on `127.0.0.1:" + std::to_string(server->endpoints()[0].port) + "`: Address already in use");
}

}  // namespace
}  // namespace portreeve::pdp
