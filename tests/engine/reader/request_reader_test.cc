#include "engine/reader/request_reader.h"

#include <gtest/gtest.h>

#include "engine/reader/json_reader.h"

namespace portreeve::reader {
namespace {

JsonValue json(const std::string& text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *std::move(value) : JsonValue();
}

std::string body(const std::string& action, const std::string& type, const std::string& id,
                 const std::string& properties, const std::string& context = "{}") {
  return R"({"subject":{"type":"session","id":"ses_1","properties":{"token":"t"}},"action":{"name":")" + action +
         R"("},"resource":{"type":")" + type + R"(","id":")" + id + R"(","properties":)" + properties +
         R"(},"context":)" + context + "}";
}

std::string egress(const std::string& id, const std::string& properties) {
  return body("egress.connect", "endpoint", id, properties);
}

TEST(RequestReader, TakesTheTokenOutOfTheSubject) {
  const auto question = read_question(json(
      R"({"subject":{"type":"user","id":"kc/rita","properties":{"token":"t","department":"r"}},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}})"));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->subject.token, "t");
  EXPECT_EQ(to_canonical_json(question->subject.properties), R"({"department":"r"})");
  EXPECT_TRUE(std::holds_alternative<wire::AccessQuestion>(question->request.question));
}

TEST(RequestReader, NormalisesWhatClausesAndConditionsRead) {
  const auto question = read_question(json(egress(
      "API.Example.com.:443",
      R"({"host":"API.Example.com.","port":443,"protocol":"http","addresses":["2606:4700::1","8.8.8.8","8.8.8.8"],"method":"GET","path":"/a%7eb/%2f"})")));
  EXPECT_FALSE(question) << "an encoded slash";
  const auto good = read_question(json(egress(
      "API.Example.com.:443",
      R"({"host":"api.EXAMPLE.com","port":443,"protocol":"http","addresses":["2606:4700:0::1","8.8.8.8","8.8.8.8"],"method":"GET","path":"/a%7eb/%c3%a9?q=secret"})")));
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->request.resource_id, "api.example.com:443");
  EXPECT_EQ(
      to_canonical_json(good->request.resource_properties),
      R"({"addresses":["8.8.8.8","2606:4700::1"],"host":"api.example.com","method":"GET","path":"/a~b/%C3%A9","port":443,"protocol":"http"})");
}

TEST(RequestReader, ForgetsAtResolveWhatCannotBeKnownYet) {
  const auto question = read_question(json(body(
      "egress.resolve", "endpoint", "a.example.com:443",
      R"({"host":"a.example.com","port":443,"protocol":"connect","addresses":["8.8.8.8"],"sni":"a.example.com","method":"GET","path":"/"})")));
  ASSERT_TRUE(question);
  EXPECT_TRUE(std::get<wire::EgressQuestion>(question->request.question).addresses.empty());
  EXPECT_EQ(question->request.resource_properties.find("path"), nullptr);
  EXPECT_EQ(question->request.resource_properties.find("sni"), nullptr);
}

TEST(RequestReader, KnowsTheAddressOfAnAddressTarget) {
  const auto question =
      read_question(json(body("egress.resolve", "endpoint", "[2606:4700::1111]:443", R"({"protocol":"connect"})")));
  ASSERT_TRUE(question);
  EXPECT_EQ(std::get<wire::EgressQuestion>(question->request.question).addresses.size(), 1u);
}

struct Hostile {
  const char* name;
  std::string body;
  const char* field;
};

TEST(RequestReader, RefusesMalformedQuestionsAndNamesThePlace) {
  const std::string ok = R"("host":"a.example.com","port":443,"protocol":"connect")";
  const Hostile cases[] = {
      {"no object", "[]", ""},
      {"no subject", R"({"action":{"name":"a"},"resource":{"type":"t","id":"i"}})", "/subject"},
      {"subject is text", R"({"subject":"x","action":{"name":"a"},"resource":{"type":"t","id":"i"}})", "/subject"},
      {"no subject id", R"({"subject":{"type":"user"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}})",
       "/subject/id"},
      {"empty type", R"({"subject":{"type":"","id":"x"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}})",
       "/subject/type"},
      {"token is a number",
       R"({"subject":{"type":"user","id":"x","properties":{"token":1}},"action":{"name":"a"},"resource":{"type":"t","id":"i"}})",
       "/subject/properties/token"},
      {"no action", R"({"subject":{"type":"user","id":"x"},"resource":{"type":"t","id":"i"}})", "/action"},
      {"action name is null",
       R"({"subject":{"type":"user","id":"x"},"action":{"name":null},"resource":{"type":"t","id":"i"}})",
       "/action/name"},
      {"no resource", R"({"subject":{"type":"user","id":"x"},"action":{"name":"a"}})", "/resource"},
      {"context is a list",
       R"({"subject":{"type":"user","id":"x"},"action":{"name":"a"},"resource":{"type":"t","id":"i"},"context":[]})",
       "/context"},
      {"reserved action, other type", body("egress.connect", "thing", "x", "{}"), "/resource/type"},
      {"reserved type, other action", body("read", "secret", "x", "{}"), "/action/name"},
      {"unknown egress action", body("egress.send", "endpoint", "a.example.com:443", "{" + ok + "}"), "/action/name"},
      {"id is another host", egress("b.example.com:443", "{" + ok + "}"), "/resource/id"},
      {"id is another port", egress("a.example.com:444", "{" + ok + "}"), "/resource/id"},
      {"id without port", egress("a.example.com", "{" + ok + "}"), "/resource/id"},
      {"numeric host", egress("2130706433:443", R"({"protocol":"tls"})"), "/resource/id"},
      {"hexadecimal host", egress("0x7f.1:443", R"({"protocol":"tls"})"), "/resource/id"},
      {"port as text", egress("a.example.com:443", R"({"host":"a.example.com","port":"443","protocol":"tls"})"),
       "/resource/properties/port"},
      {"port zero", egress("a.example.com:443", R"({"host":"a.example.com","port":0,"protocol":"tls"})"),
       "/resource/properties/port"},
      {"no protocol", egress("a.example.com:443", "{}"), "/resource/properties/protocol"},
      {"unknown protocol", egress("a.example.com:443", R"({"protocol":"quic"})"), "/resource/properties/protocol"},
      {"address with a zone", egress("a.example.com:443", R"({"protocol":"tls","addresses":["fe80::1%eth0"]})"),
       "/resource/properties/addresses/0"},
      {"octal address", egress("a.example.com:443", R"({"protocol":"tls","addresses":["8.8.8.8","010.0.0.1"]})"),
       "/resource/properties/addresses/1"},
      {"addresses as text", egress("a.example.com:443", R"({"protocol":"tls","addresses":"8.8.8.8"})"),
       "/resource/properties/addresses"},
      {"another address of an address target", egress("8.8.8.8:443", R"({"protocol":"tls","addresses":["8.8.4.4"]})"),
       "/resource/properties/addresses"},
      {"lower-case method", egress("a.example.com:80", R"({"protocol":"http","method":"get"})"),
       "/resource/properties/method"},
      {"dot segment", egress("a.example.com:80", R"({"protocol":"http","path":"/a/../b"})"),
       "/resource/properties/path"},
      {"encoded dot segment", egress("a.example.com:80", R"({"protocol":"http","path":"/a/%2e%2E/b"})"),
       "/resource/properties/path"},
      {"encoded backslash", egress("a.example.com:80", R"({"protocol":"http","path":"/a%5cb"})"),
       "/resource/properties/path"},
      {"encoded NUL", egress("a.example.com:80", R"({"protocol":"http","path":"/a%00"})"), "/resource/properties/path"},
      {"cut escape", egress("a.example.com:80", R"({"protocol":"http","path":"/a%4"})"), "/resource/properties/path"},
      {"relative path", egress("a.example.com:80", R"({"protocol":"http","path":"a"})"), "/resource/properties/path"},
      {"server name with a blank", egress("a.example.com:443", R"({"protocol":"tls","sni":"a b"})"),
       "/resource/properties/sni"},
      {"unknown use", body("secret.use", "secret", "llm/x", R"({"use":"read"})"), "/resource/properties/use"},
      {"upstream in clear", body("secret.use", "secret", "llm/x", R"({"upstream":"http://a.example.com"})"),
       "/resource/properties/upstream"},
      {"upstream with user", body("secret.use", "secret", "llm/x", R"({"upstream":"https://u@a.example.com"})"),
       "/resource/properties/upstream"},
      {"stable as text", body("process.exec", "program", "/bin/sh", R"({"stable":"yes"})"),
       "/resource/properties/stable"},
      {"args of numbers", body("process.exec", "program", "/bin/sh", R"({"args":[1]})"), "/resource/properties/args/0"},
      {"interpreter without path", body("process.exec", "program", "/bin/sh", R"({"interpreter":{}})"),
       "/resource/properties/interpreter/path"},
      {"source is a name", body("secret.use", "secret", "llm/x", "{}", R"({"source":"localhost"})"), "/context/source"},
  };
  for (const Hostile& c : cases) {
    const auto question = read_question(json(c.body));
    ASSERT_FALSE(question) << c.name;
    EXPECT_EQ(question.error().field, c.field) << c.name << ": " << question.error().message;
    EXPECT_FALSE(question.error().message.empty()) << c.name;
  }
}

TEST(RequestReader, LeavesGenericAccessItsOwnWords) {
  const auto question = read_question(json(
      R"({"subject":{"type":"service","id":"x"},"action":{"name":"read","properties":{"soft":true}},"resource":{"type":"doc","id":"a b"},"context":{"source":"web"}})"));
  ASSERT_TRUE(question);
  EXPECT_FALSE(question->request.source);
  EXPECT_EQ(question->request.resource_id, "a b");
}

}  // namespace
}  // namespace portreeve::reader
