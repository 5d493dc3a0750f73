// Closed segments, their indexes, and kept policies may be damaged on the disk or be made by
// somebody else. Whatever they hold: no crash, no endless work, and nothing that is not in the
// file. The first octet chooses what is read.
#include "journal/gzip.h"
#include "journal/policy_store.h"
#include "journal/reader.h"
#include "journal/segment_index.h"
#include "journal/segment_rework.h"
#include "journal/segment_text.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

/// Of this process alone.
std::string folder() {
  static const std::string path = [] {
    std::string name = "/tmp/postern-fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    static const std::string kept = name;
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(kept, ignored);
    });
    return name;
  }();
  return path;
}

void write(const std::string& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(octets.data(), static_cast<std::streamsize>(octets.size()));
}

constexpr std::string_view lines = "{\"v\":1}\n{\"v\":2,\"ref\":\"\"}\n";

void read_index(std::string_view octets) {
  const auto journal = folder() + "/decisions.jsonl";
  postern::Segment segment;
  segment.path =
      postern::segment_path(journal, std::chrono::system_clock::from_time_t(1'700'000'000));
  write(segment.path, lines);
  write(segment.index(), octets);
  const auto index = postern::SegmentIndex::open(segment);
  if (!index) return;
  for (const auto& block : index->blocks()) {
    (void)index->may_hold_any(block, {1, 2, 3});
    const auto text = index->read_block(block);
    if (text && text->size() > lines.size()) std::abort();
  }
}

void read_packed(std::string_view octets) {
  const auto path = folder() + "/decisions.jsonl.1.gz";
  write(path, octets);
  (void)postern::unpack_member(octets, 4096, path);
  for (const auto order : {postern::ReadOrder::oldest_first, postern::ReadOrder::newest_first}) {
    if (auto reader = postern::JournalReader::open(path, order)) {
      while (reader->next()) {
      }
    }
  }
  auto text = postern::SegmentText::open(path, postern::OnDamage::pass_over);
  if (!text) return;
  std::string block;
  while (true) {
    const auto more = text->next(block);
    if (!more || !*more) break;
    if (block.empty()) std::abort();
  }
}

void read_policy(std::string_view octets) {
  const std::string digest(64, 'a');
  const postern::PolicyStore store(folder() + "/decisions.jsonl");
  std::filesystem::create_directories(store.folder());
  write(store.folder() + '/' + digest + ".policy", octets);
  (void)store.load(digest);
}

void rework_segment(std::string_view octets) {
  postern::Segment segment;
  segment.path = postern::segment_path(folder() + "/other.jsonl",
                                       std::chrono::system_clock::from_time_t(1'700'000'000));
  write(segment.path, octets);
  postern::SegmentWork work;
  work.form = postern::SegmentForm::gzip;
  const auto done = postern::rework(segment, work, [] { return true; });
  if (!done || !done->finished) std::abort();
  segment.form = postern::SegmentForm::gzip;
  const auto index = postern::SegmentIndex::open(segment);
  if (!index) std::abort();
  // What was there is there, but for a line end that may have been missing.
  std::string text;
  for (const auto& block : index->blocks()) {
    const auto part = index->read_block(block);
    if (!part) std::abort();
    text += *part;
  }
  if (std::string_view(text).substr(0, octets.size()) != octets) std::abort();
  std::filesystem::remove(segment.file());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_index(octets);
      break;
    case 1:
      read_packed(octets);
      break;
    case 2:
      read_policy(octets);
      break;
    default:
      rework_segment(octets);
      break;
  }
  return 0;
}
