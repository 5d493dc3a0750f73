// RecordBatch: records in order, in boxes of a fixed size that are used again: their memory is
// asked for once and not, by one thread and then given back by another, for every record. Not
// synchronised.
#pragma once

#include "journal/record.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace postern {

class RecordBatch {
 public:
  using Box = std::vector<Record>;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::vector<Box>& boxes() noexcept { return boxes_; }

  /// Strong guarantee. `spare`: empty boxes to use.
  void add(Record&& record, std::vector<Box>& spare) {
    if (boxes_.empty() || boxes_.back().size() == box_size) {
      if (spare.empty()) {
        spare.emplace_back();
        spare.back().reserve(box_size);
      }
      boxes_.push_back(std::move(spare.back()));
      spare.pop_back();
    }
    boxes_.back().push_back(std::move(record));
    ++size_;
  }
  /// Ends the records, keeps boxes.
  void clear() noexcept {
    if (boxes_.size() > spare_boxes) boxes_.resize(spare_boxes);
    for (auto& box : boxes_) box.clear();
    size_ = 0;
  }
  /// Of an empty batch, to `spare`, which has room for `spare_boxes`.
  void leave_boxes(std::vector<Box>& spare) noexcept {
    for (auto& box : boxes_) {
      if (spare.size() < spare_boxes) spare.push_back(std::move(box));
    }
    boxes_.clear();
  }

  // Records in a box, and boxes kept for later: together what a busy server brings between two
  // batches, a few megabytes. A burst may take more, and gives it back.
  static constexpr std::size_t box_size = 64;
  static constexpr std::size_t spare_boxes = 32;

 private:
  std::vector<Box> boxes_;
  std::size_t size_ = 0;
};

}  // namespace postern
