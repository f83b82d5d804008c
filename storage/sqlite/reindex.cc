#include "storage/sqlite/reindex.h"

#include "storage/segments/segment_cursor.h"
#include "storage/sqlite/index_file.h"
#include "storage/sqlite/indexer.h"

namespace portreeve::storage {

Result<std::uint64_t> reindex(const std::string& data) {
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  const std::string journal = data + "/journal";
  TRY_ASSIGN(const bool there, files->exists(journal));
  if (!there) return fail("`" + data + "` has no folder `journal`: it is no PDP's data folder");
  TRY_ASSIGN(const DirectoryLock lock, DirectoryLock::acquire(*files, data, "REINDEX"));
  TRY_ASSIGN(const std::uint64_t end, read_durable_end(*files, journal));
  return adapted("cannot build the index", [&]() -> Result<std::uint64_t> {
    TRY_ASSIGN(const std::string file, new_index_file(data));
    {
      IndexDatabase index(open_writable(file, Durability::loses_last_on_power_cut));
      index.make_tables();
      SegmentCursor cursor = SegmentCursor::resume(*files, journal, {});
      if (const Status copied = copy_records(cursor, end, index); !copied) return fail(copied.error());
      index.checkpoint();
    }
    if (const Status published = publish_index_file(data, file); !published) return fail(published.error());
    return end;
  });
}

}  // namespace portreeve::storage
