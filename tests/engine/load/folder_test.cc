#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/load/load.h"

namespace portreeve::load {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/portreeve-load-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& bytes) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << bytes;
  }
  std::vector<std::string> paths() {
    const auto files = read_folder(root_);
    if (!files) return {files.error().message};
    std::vector<std::string> out;
    for (const wire::PolicyFile& file : *files) out.push_back(file.path);
    return out;
  }
  std::string root() const { return root_.string(); }

  fs::path root_;
};

using Paths = std::vector<std::string>;

TEST_F(Folder, HoldsEveryYamlFileBelowItSortedByPath) {
  write("b.yaml", "");
  write("a/z.yml", "");
  write("a.yaml", "");
  write("a/b/c.yaml", "");
  write("README.md", "");
  write("a/data.json", "");
  EXPECT_EQ(paths(), (Paths{"a.yaml", "a/b/c.yaml", "a/z.yml", "b.yaml"}));
}

TEST_F(Folder, LeavesHiddenFilesAndFoldersOut) {
  write("a.yaml", "");
  write(".b.yaml", "");
  write(".git/c.yaml", "");
  EXPECT_EQ(paths(), Paths{"a.yaml"});
}

// As the kubelet mounts a ConfigMap.
TEST_F(Folder, FollowsTheLinksOfAConfigMap) {
  write("..2026_11_24/web.yaml", "# web");
  fs::create_directory_symlink("..2026_11_24", root_ / "..data");
  fs::create_symlink("..data/web.yaml", root_ / "web.yaml");
  const auto files = read_folder(root());
  ASSERT_TRUE(files);
  EXPECT_EQ(*files, (std::vector<wire::PolicyFile>{{"web.yaml", "# web"}}));
}

TEST_F(Folder, IsRefusedWhereItCannotBeReadWhole) {
  EXPECT_EQ(paths(), Paths{root() + ": holds no policy: no `*.yaml` or `*.yml` below it"});
  write("a.yaml", "");
  fs::create_symlink("nowhere", root_ / "b.yaml");
  EXPECT_EQ(paths(), Paths{root() + "/b.yaml: No such file or directory"});
  fs::remove(root_ / "b.yaml");
  ASSERT_EQ(mkfifo((root_ / "c.yaml").c_str(), 0600), 0);
  EXPECT_EQ(paths(), Paths{root() + "/c.yaml: not a regular file"});
  fs::remove(root_ / "c.yaml");
  fs::create_directory_symlink("..", root_ / "up");
  fs::create_directories(root_ / "x");
  fs::remove(root_ / "up");
  fs::create_directory_symlink("../x", root_ / "x/loop");
  EXPECT_EQ(paths(), Paths{root() + "/x/loop: a symbolic link leads back to a folder above it"});
  fs::remove(root_ / "x/loop");
  write("back\\slash.yaml", "");
  EXPECT_EQ(paths(), Paths{"back\\slash.yaml: a name with a backslash, a control character or ill-formed UTF-8"});
  fs::remove(root_ / "back\\slash.yaml");
  write("big.yaml", std::string((16u << 20) + 1, '#'));
  EXPECT_EQ(paths(), Paths{root() + "/big.yaml: more than 16777216 bytes"});
  const auto absent = read_folder(root() + "/absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message, root() + "/absent: No such file or directory");
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string out;
  char buffer[256];
  while (fgets(buffer, sizeof buffer, pipe) != nullptr) out += buffer;
  pclose(pipe);
  return out;
}

TEST_F(Folder, HasTheRevisionThatSha256sumComputes) {
  write("web/research.yaml", "# one\n");
  write("b c.yml", "# two\n");
  write("B.yaml", "# three\n");
  write(".hidden.yaml", "# four\n");
  const auto files = read_folder(root());
  ASSERT_TRUE(files);
  const std::string computed =
      output_of("cd " + root() +
                " && find -L . \\( -name '*.yaml' -o -name '*.yml' \\) -not -path '*/.*' -type f -printf '%P\\n' |"
                " LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum");
  EXPECT_EQ(revision_of(*files), "sha256:" + computed.substr(0, 64));
}

TEST(Revision, ChangesWithBytesPathsAndZonesButNotWithOrder) {
  const std::vector<wire::PolicyFile> files{{"a.yaml", "1"}, {"b.yaml", "2"}};
  const std::string revision = revision_of(files);
  EXPECT_EQ(revision_of({files[1], files[0]}), revision);
  EXPECT_NE(revision_of({{"a.yaml", "1"}, {"c.yaml", "2"}}), revision);
  EXPECT_NE(revision_of({{"a.yaml", "1"}, {"b.yaml", "3"}}), revision);
  EXPECT_NE(revision_of(files, {{"Europe/Berlin", std::string(64, '0')}}), revision);
}

TEST(Revision, CoversTheZonesThatConditionsName) {
  const auto with = [](const std::string& when) {
    return load({{"a.yaml",
                  "apiVersion: portreeve/v1\nkind: EgressPolicy\nmetadata: { name: x }\nspec:\n  rules:\n"
                  "    - { id: a, effect: deny, when: '" +
                      when + "' }\n"}});
  };
  const LoadResult fixed = with("request.time.getHours(\"UTC\") < 7");
  const LoadResult zoned = with("request.time.getHours(\"Europe/Berlin\") < 7");
  ASSERT_NE(fixed.set, nullptr);
  ASSERT_NE(zoned.set, nullptr);
  EXPECT_EQ(zoned.revision, zoned.set->revision());
  const std::string digest = output_of("sha256sum < /usr/share/zoneinfo/Europe/Berlin").substr(0, 64);
  const std::vector<wire::PolicyFile> files{
      {"a.yaml",
       "apiVersion: portreeve/v1\nkind: EgressPolicy\nmetadata: { name: x }\nspec:\n"
       "  rules:\n    - { id: a, effect: deny, when: "
       "'request.time.getHours(\"Europe/Berlin\") < 7' }\n"}};
  EXPECT_EQ(zoned.revision, revision_of(files, {{"Europe/Berlin", digest}}));
}

}  // namespace
}  // namespace portreeve::load
