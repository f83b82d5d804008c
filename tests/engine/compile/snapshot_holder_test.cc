#include "engine/compile/snapshot_holder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "engine/load/load.h"

namespace portreeve::compile {
namespace {

// A set in which everybody may read the document of that number and no other.
std::shared_ptr<const Snapshot> readable(int number) {
  const std::string text = fmt::format(
      "apiVersion: portreeve/v1\nkind: AccessPolicy\nmetadata: {{ name: p }}\n"
      "spec: {{ rules: [{{ id: r, effect: allow, actions: [read], resources: [{{ type: doc, id: \"{}\" }}] }}] }}\n",
      number);
  auto loaded = load::load({{"p.yaml", text}});
  EXPECT_NE(loaded.set, nullptr) << (loaded.diagnostics.empty() ? "" : to_text(loaded.diagnostics.front()));
  return compile(loaded.set);
}

bool allows(const Snapshot& snapshot, int number) {
  wire::Request request;
  request.principal.type = "service";
  request.principal.id = "x";
  request.action = "read";
  request.resource_type = "doc";
  request.resource_id = fmt::format("{}", number);
  request.question = wire::AccessQuestion{};
  return decide::decide(snapshot, request).allowed;
}

TEST(SnapshotHolder, HasNothingBeforeTheFirstPublication) {
  const SnapshotHolder holder;
  SnapshotReader reader(holder);
  EXPECT_EQ(reader.current(), nullptr);
}

TEST(SnapshotHolder, AReaderSeesTheNewestAndKeepsWhatItHolds) {
  SnapshotHolder holder;
  SnapshotReader reader(holder);
  holder.publish(readable(1));
  const std::shared_ptr<const Snapshot> first = reader.current();
  holder.publish(readable(2));
  EXPECT_TRUE(allows(*first, 1));
  EXPECT_TRUE(allows(*reader.current(), 2));
  EXPECT_FALSE(allows(*reader.current(), 1));
}

// Whatever snapshot a reader gets, its answers are those of that snapshot's own revision. Run under ThreadSanitizer.
TEST(SnapshotHolder, ReadersNeverSeeHalfASwap) {
  SnapshotHolder holder;
  const std::shared_ptr<const Snapshot> sets[] = {readable(0), readable(1)};
  holder.publish(sets[0]);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> decided{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      SnapshotReader reader(holder);
      while (!done.load()) {
        const std::shared_ptr<const Snapshot> snapshot = reader.current();
        const int own = snapshot->revision() == sets[1]->revision() ? 1 : 0;
        if (!allows(*snapshot, own) || allows(*snapshot, 1 - own)) ++wrong;
        ++decided;
      }
    });
  }
  for (int swap = 1; swap <= 2000 || decided.load() < 2000; ++swap) holder.publish(sets[swap % 2]);
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace portreeve::compile
