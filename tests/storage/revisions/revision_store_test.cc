#include "storage/revisions/revision_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::storage {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string revision(char digit) { return "sha256:" + std::string(64, digit); }

const std::vector<wire::PolicyFile> kFiles = {
    {"web.yaml", "kind: EgressPolicy\n"}, {"roles/agents.yaml", std::string("\0\xff bytes", 8)}, {"empty.yml", ""}};

std::vector<wire::PolicyFile> sorted(std::vector<wire::PolicyFile> files) {
  std::ranges::sort(files, {}, &wire::PolicyFile::path);
  return files;
}

TEST(RevisionStore, GivesBackTheFilesByteForByte) {
  const TemporaryFolder folder;
  {
    const auto store = RevisionStore::open(folder.path() + "/revisions").value();
    ASSERT_TRUE(store->put(revision('a'), kFiles));
    ASSERT_TRUE(store->put(revision('a'), {}));  // it is there: nothing happens
    ASSERT_TRUE(store->put(revision('b'), {}));
    EXPECT_EQ(store->read(revision('a')).value(), sorted(kFiles));
  }
  const auto store = RevisionStore::open(folder.path() + "/revisions").value();
  EXPECT_EQ(store->read(revision('a')).value(), sorted(kFiles));
  EXPECT_TRUE(store->read(revision('b')).value().empty());
  EXPECT_EQ(store->list().value(), (std::vector<std::string>{revision('a'), revision('b')}));
  const std::string check =
      "cd '" + folder.path() + "/revisions/" + std::string(64, 'a') + "/files' && sha256sum -c --quiet ../MANIFEST";
  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST(RevisionStore, IsReadBesideItsOwnerWithoutAChange) {
  const TemporaryFolder folder;
  const auto store = RevisionStore::open(folder.path()).value();
  ASSERT_TRUE(store->put(revision('a'), kFiles));
  fs::create_directories(folder.path() + "/" + std::string(64, 'b') + ".new");  // the owner is writing it
  EXPECT_EQ(RevisionStore::read_beside(folder.path(), revision('a')).value(), sorted(kFiles));
  EXPECT_TRUE(fs::exists(folder.path() + "/" + std::string(64, 'b') + ".new"));
  EXPECT_FALSE(RevisionStore::read_beside(folder.path(), revision('b')));
  EXPECT_FALSE(RevisionStore::read_beside(folder.path() + "/nowhere", revision('a')));
  EXPECT_FALSE(fs::exists(folder.path() + "/nowhere"));
}

TEST(RevisionStore, RemembersActivationsInOrder) {
  const TemporaryFolder folder;
  const Timestamp now = Timestamp::from_unix_millis(1'763'942'400'123);
  {
    const auto store = RevisionStore::open(folder.path()).value();
    EXPECT_EQ(store->latest().value(), std::nullopt);
    EXPECT_EQ(store->activate(revision('a'), now).error().message, "revision `" + revision('a') + "` is not stored");
    ASSERT_TRUE(store->put(revision('a'), kFiles));
    ASSERT_TRUE(store->put(revision('b'), kFiles));
    ASSERT_TRUE(store->activate(revision('a'), now));
    ASSERT_TRUE(store->activate(revision('b'), now.plus(Seconds{1})));
    ASSERT_TRUE(store->activate(revision('a'), now.plus(Seconds{2})));
  }
  // A crash in the middle of the next activation.
  std::ofstream(folder.path() + "/ACTIVATIONS", std::ios::app) << "2025-11-24T00:00:05.000Z sha2";
  const auto store = RevisionStore::open(folder.path()).value();
  EXPECT_EQ(store->latest().value(), (Activation{now.plus(Seconds{2}), revision('a')}));
  ASSERT_TRUE(store->activate(revision('b'), now.plus(Seconds{3})));
  const auto all = store->activations().value();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].revision, revision('b'));
  EXPECT_EQ(all[3], (Activation{now.plus(Seconds{3}), revision('b')}));
}

TEST(RevisionStore, RefusesPathsThatLeaveTheFolder) {
  const TemporaryFolder folder;
  const auto store = RevisionStore::open(folder.path()).value();
  for (const char* path : {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/.", "a/", "a\\b", "a\nb", "a\x7f"}) {
    EXPECT_THAT(store->put(revision('a'), {{path, "x"}}).error().message, HasSubstr("is no path below a policy folder"))
        << path;
  }
  EXPECT_EQ(store->put(revision('a'), {{"a", "1"}, {"a", "2"}}).error().message, "`a` is there twice");
  EXPECT_FALSE(store->put(revision('a'), {{"a", "1"}, {"a/b", "2"}}));
  EXPECT_TRUE(store->list().value().empty());
  EXPECT_TRUE(store->put(revision('a'), {{"a b/\xc3\xa4.yaml", "1"}}));
}

TEST(RevisionStore, RefusesWhatIsNoRevision) {
  const TemporaryFolder folder;
  const auto store = RevisionStore::open(folder.path()).value();
  for (const std::string& name : {std::string(), std::string(64, 'a'), "sha256:" + std::string(63, 'a'),
                                  "sha256:" + std::string(64, 'A'), "sha256:../" + std::string(61, 'a')}) {
    EXPECT_FALSE(store->put(name, kFiles)) << name;
    EXPECT_FALSE(store->read(name)) << name;
    EXPECT_FALSE(store->activate(name, Timestamp())) << name;
  }
}

TEST(RevisionStore, NoticesAnyChangedByte) {
  const TemporaryFolder folder;
  const auto store = RevisionStore::open(folder.path()).value();
  ASSERT_TRUE(store->put(revision('a'), kFiles));
  const fs::path root = fs::path(folder.path()) / std::string(64, 'a');
  for (const fs::path& file : {root / "files/web.yaml", root / "files/roles/agents.yaml", root / "MANIFEST"}) {
    std::ifstream in(file, std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (std::size_t i = 0; i < good.size(); i += 3) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      std::ofstream(file, std::ios::binary) << bad;
      const auto read = store->read(revision('a'));
      EXPECT_TRUE(!read || *read == sorted(kFiles)) << file << " " << i;  // the two blanks of a line say nothing
      EXPECT_TRUE(!read || file.filename() == "MANIFEST") << file << " " << i;
    }
    std::ofstream(file, std::ios::binary) << good;
  }
  EXPECT_TRUE(store->read(revision('a')));
  fs::remove(root / "files/web.yaml");
  EXPECT_THAT(store->read(revision('a')).error().message, HasSubstr("cannot open"));
}

TEST(RevisionStore, ForgetsWhatACrashLeftHalfWritten) {
  const TemporaryFolder folder;
  fs::create_directories(fs::path(folder.path()) / (std::string(64, 'a') + ".new") / "files");
  const auto store = RevisionStore::open(folder.path()).value();
  EXPECT_TRUE(store->list().value().empty());
  EXPECT_FALSE(fs::exists(fs::path(folder.path()) / (std::string(64, 'a') + ".new")));
  EXPECT_TRUE(store->put(revision('a'), kFiles));
}

}  // namespace
}  // namespace portreeve::storage
