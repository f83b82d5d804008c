#include "pep/broker/upstream_request.h"

#include <algorithm>
#include <cstring>

#include "pep/broker/header_lists.h"
#include "pep/broker/request_target.h"

namespace portreeve::pep {
namespace {

// `api.example.com`, the default port left out.
std::string host_of(const wire::UpstreamUrl& upstream) {
  const std::string url = wire::UpstreamUrl{upstream.origin, ""}.to_string();
  return url.substr(std::string_view("https://").size());
}

class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}
  void put(std::string_view text) {
    if (text.size() > out_.size() - used_) {
      full_ = true;
      return;
    }
    std::memcpy(out_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  std::span<char> rest() { return out_.subspan(used_); }
  bool has_room(std::size_t bytes) {
    full_ = full_ || bytes > out_.size() - used_;
    return !full_;
  }
  void took(std::size_t bytes) { used_ += bytes; }
  bool full() const { return full_; }
  std::size_t used() const { return used_; }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
  bool full_ = false;
};

void put_target(Writer& writer, const AllowedCall& call) {
  const Credential& credential = *call.credential;
  // A base path stands before the judged one; `/` alone behind it adds nothing.
  const bool bare = call.path == "/" && !call.upstream.path.empty();
  writer.put(call.upstream.path);
  if (!bare) writer.put(call.path);
  const std::string query =
      credential.query_name().empty() ? call.query : without_parameter(call.query, credential.query_name());
  if (!query.empty()) writer.put("?" + query);
  if (credential.query_name().empty()) return;
  writer.put(query.empty() ? "?" : "&");
  if (writer.has_room(credential.most_bytes())) writer.took(credential.write_query(writer.rest()));
}

}  // namespace

Result<std::size_t> write_upstream_head(std::span<char> out, const AllowedCall& call, UpstreamBody body) {
  const Credential& credential = *call.credential;
  Writer writer(out);
  writer.put(call.head.method);
  writer.put(" ");
  put_target(writer, call);
  writer.put(" HTTP/1.1\r\nhost: ");
  writer.put(host_of(call.upstream));
  writer.put("\r\naccept-encoding: identity\r\n");
  for (const Field& field : passed_to_upstream(call.head, call.token, credential.header())) {
    writer.put(field.name);
    writer.put(": ");
    writer.put(field.value);
    writer.put("\r\n");
  }
  if (body.framing == Framing::chunked) writer.put("transfer-encoding: chunked\r\n");
  if (body.framing == Framing::length) writer.put("content-length: " + std::to_string(body.length) + "\r\n");
  if (writer.has_room(credential.most_bytes())) writer.took(credential.write_header(writer.rest()));
  writer.put("\r\n");
  if (writer.full()) return fail("the request's head does not fit");
  return writer.used();
}

}  // namespace portreeve::pep
