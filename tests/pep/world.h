// The network around a proxy under test: a namespace of its own, a DNS server, origins, a client that sees every byte.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace portreeve::pep {

// Moves this process into a network namespace where 23.0.0.0/16 is local (so that origins can listen on public
// addresses, which the guard leaves alone) without being the address of any interface, and 23.9.0.1 is an interface's
// address. False, with the reason, where that is refused. Call it before any thread starts.
bool enter_network_namespace(std::string& why);
// Whether it worked; tests that need it skip otherwise.
const std::string& no_namespace_reason();

// A DNS server on 127.0.0.1, UDP and TCP, that answers as a function says.
class DnsServer {
 public:
  struct Reply {
    std::vector<std::string> answers;  // dns_bytes.h makes them
    std::size_t flags = 0x8180;
    bool silent = false;
    bool only_tcp = false;  // over UDP: cut short
  };
  struct Query {
    std::string name;  // as sent, case kept
    std::size_t type = 0;
    bool tcp = false;
  };
  using Zone = std::function<Reply(const std::string& name, std::size_t type)>;

  explicit DnsServer(Zone zone);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<Query> queries() const;

 private:
  void serve_udp();
  void serve_tcp();
  std::string answer(std::string_view query, bool tcp);

  Zone zone_;
  int port_ = 0;
  int udp_ = -1;
  int tcp_ = -1;
  mutable std::mutex mutex_;
  std::vector<Query> queries_;
  std::atomic<bool> stopping_{false};
  std::thread udp_thread_;
  std::thread tcp_thread_;
};

// A TCP server: runs a function on each connection, keeps what it received.
class Origin {
 public:
  class Connection {
   public:
    explicit Connection(Origin& origin, int socket) : origin_(origin), socket_(socket) {}
    // Reads until there are `size` bytes or more, or the end.
    std::string read(std::size_t size = SIZE_MAX);
    // What comes next, at least one byte; empty at the end.
    std::string read_some();
    void write(std::string_view bytes);
    void shut_sending();

   private:
    Origin& origin_;
    int socket_;
  };
  using Manner = std::function<void(Connection&)>;

  // Port 0: any. Without a manner it sends back what it gets.
  explicit Origin(const std::string& address, int port = 0, Manner manner = echo);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  static void echo(Connection& connection);

  int port() const { return port_; }
  int accepted() const { return accepted_; }
  std::string received() const;
  // Waits until so many connections have come, and every one has ended. A peer may be gone before its connection is
  // taken off the queue.
  void wait_for_end(int connections = 1);

 private:
  void accept();

  Manner manner_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
  std::string received_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// A client's socket. Every read gives up after ten seconds.
class Client {
 public:
  Client(const std::string& address, int port);
  ~Client();
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), bytes_(std::move(other.bytes_)) {}
  Client& operator=(Client&&) = delete;

  void send(std::string_view bytes);
  void shut_sending();
  // Sends a reset instead of an end.
  void reset();
  // An HTTP head, through the empty line; empty where it does not come.
  std::string read_head();
  // Exactly so many bytes, or less at the end.
  std::string read(std::size_t size);
  // All until the peer ends; `complete` says whether it did so in time, and without a reset.
  std::string read_all(bool* complete = nullptr);

 private:
  bool more();
  int socket_ = -1;
  std::string bytes_;
  bool ended_ = false;
};

}  // namespace portreeve::pep
