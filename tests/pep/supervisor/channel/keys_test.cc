#include "pep/supervisor/channel/keys.h"

#include <gtest/gtest.h>

#include <string>

namespace portreeve::channel {
namespace {

TEST(ChannelKeys, AreHandedOverInDocumentsThatReadBack) {
  const auto pair = make_channel("ses_1", SecretText("token"));
  ASSERT_TRUE(pair);
  const auto boot = BootDocument::parse(pair->boot.to_text());
  ASSERT_TRUE(boot) << boot.error().message;
  EXPECT_EQ(boot->session, "ses_1");
  EXPECT_EQ(boot->credential.reveal(), "token");
  const auto channel = ChannelDocument::parse(pair->channel.to_text());
  ASSERT_TRUE(channel) << channel.error().message;
  EXPECT_EQ(channel->channel_key.reveal(), boot->channel_key.reveal());
  EXPECT_EQ(channel->certificate_sha256, fingerprint(boot->certificate));
  EXPECT_TRUE(server_context(*boot));
}

TEST(ChannelKeys, RefuseOtherDocuments) {
  const std::string good = make_channel("ses_1", {})->channel.to_text();
  struct Row {
    std::string text;
    const char* error;
  };
  const Row rows[] = {
      {"", "the document is empty"},
      {"portreeve-channel 1", "the document's last line has no end"},
      {"portreeve-channel 2\n", "the document does not begin with `portreeve-channel 1`"},
      {"portreeve-channel 1\n", "the document names no session"},
      {"portreeve-channel 1\nsession ses_1\n", "the document has no `channel-key`"},
      {"portreeve-channel 1\nsession ses_1\nchannel-key AAAA\n", "`channel-key` has another length"},
      {"portreeve-channel 1\nsession ses_1\nchannel-key A!\n", "the value of `channel-key` is not base64url"},
      {"portreeve-channel 1\nsession\n", "a line of the document has no value"},
      {"portreeve-channel 1\nsession a b\n", "the value of `session` is empty, or not printable"},
      {good + "session ses_2\n", "`session` stands twice"},
      {good + "private-key AAAA\n", "a line of the document has the unknown name `private-key`"},
  };
  for (const Row& row : rows) {
    const auto channel = ChannelDocument::parse(row.text);
    ASSERT_FALSE(channel) << row.text;
    EXPECT_EQ(channel.error().message, row.error);
  }
}

TEST(ChannelKeys, RefuseAPrivateKeyThatIsNotTheCertificates) {
  auto one = make_channel("ses_1", {});
  auto other = make_channel("ses_1", {});
  one->boot.private_key = std::move(other->boot.private_key);
  const auto context = server_context(one->boot);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().message, "the boot document's private key cannot be used, or is not the certificate's");
}

TEST(ChannelKeys, ProveOneSideOfOneConnection) {
  const SecretText key(std::string(32, 'k'));
  const std::string proof = prove(key, Side::controller, "exported");
  EXPECT_TRUE(check_proof(key, Side::controller, "exported", proof));
  EXPECT_FALSE(check_proof(key, Side::supervisor, "exported", proof));
  EXPECT_FALSE(check_proof(key, Side::controller, "exporter", proof));
  EXPECT_FALSE(check_proof(SecretText(std::string(32, 'j')), Side::controller, "exported", proof));
  EXPECT_FALSE(check_proof(key, Side::controller, "exported", ""));
}

}  // namespace
}  // namespace portreeve::channel
