#include "journal/journal_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace postern {
namespace {

// Octets read at a time: large enough that the system call costs nothing, small enough for a cache.
constexpr std::size_t block_size = 65'536;

// What logrotate and gzip(1) put behind the name of a file they compress.
constexpr std::string_view packed_end = ".gz";
constexpr std::array<std::string_view, 4> unreadable_ends{".xz", ".bz2", ".zst", ".lz4"};

// Of a compressed file that is read from its end: octets of text between the places where unpacking
// may begin anew, and how many such places are kept, of which each may take 32 KiB.
constexpr std::uint64_t usual_stretch = 1024 * 1024;
constexpr std::size_t most_places = 1024;
// Text at its end that is kept while the rest is looked at: segments of the usual size are unpacked
// once, and twice as much is no burden for a machine that runs a mail server.
constexpr std::uint64_t most_kept = 64 * 1024 * 1024;

class PlainText : public JournalText {
 public:
  PlainText(UniqueFd file, std::string path, std::uint64_t size, ReadOrder order)
      : file_(std::move(file)), path_(std::move(path)), size_(size), order_(order) {}

  bool next(std::string& piece) override {
    piece.clear();
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(block_size, size_ - read_));
    if (wanted == 0 || !error_.empty()) return false;
    piece.resize(wanted);
    const auto offset = order_ == ReadOrder::oldest_first ? read_ : size_ - read_ - wanted;
    for (std::size_t got = 0; got < wanted;) {
      const ssize_t count =
          ::pread(file_.get(), piece.data() + got, wanted - got, static_cast<off_t>(offset + got));
      if (count > 0) {
        got += static_cast<std::size_t>(count);
      } else if (count == 0 || errno != EINTR) {
        error_ = count == 0
                     ? path_ + " has become shorter while it was read"
                     : "cannot read " + path_ + ": " + std::generic_category().message(errno);
        piece.clear();
        return false;
      }
    }
    read_ += wanted;
    return true;
  }
  double done() const noexcept override {
    return size_ == 0 ? 1 : static_cast<double>(read_) / static_cast<double>(size_);
  }
  std::uint64_t size() const noexcept override { return size_; }

 private:
  UniqueFd file_;
  std::string path_;
  std::uint64_t size_;
  ReadOrder order_;
  std::uint64_t read_ = 0;
};

class PackedForward : public JournalText {
 public:
  PackedForward(UniqueFd file, std::string path, std::uint64_t octets)
      : file_(std::move(file)),
        path_(std::move(path)),
        octets_(octets),
        text_(file_.get(), octets) {}

  /// False, and error() is set, if nothing of it can be unpacked.
  bool begin() {
    text_.next(first_);
    take_error();
    return error_.empty();
  }
  bool next(std::string& piece) override {
    if (!first_.empty()) {
      piece = std::exchange(first_, {});
      return true;
    }
    const bool more = text_.next(piece);
    take_error();
    return more;
  }
  double done() const noexcept override {
    return octets_ == 0 ? 1 : static_cast<double>(text_.used()) / static_cast<double>(octets_);
  }
  std::uint64_t size() const noexcept override { return 0; }
  GzipDamage damage() const override { return text_.damage(); }

 private:
  void take_error() {
    if (!text_.error().empty()) error_ = "cannot unpack " + path_ + ": " + text_.error();
  }

  UniqueFd file_;
  std::string path_;
  std::uint64_t octets_;
  GzipText text_;
  std::string first_;
};

class PackedBackward : public JournalText {
 public:
  PackedBackward(UniqueFd file, std::string path, std::uint64_t octets)
      : file_(std::move(file)), path_(std::move(path)), octets_(octets) {}

  /// Looks through the file; false, and error() is set, if nothing of it can be unpacked.
  bool begin() {
    GzipText text(file_.get(), octets_);
    auto place = text.place();
    std::uint64_t kept = 0;
    std::string piece;
    while (text.next(piece)) {
      if (place &&
          (stretches_.empty() || size_ - stretches_.back().begin >= stretch_ || place->in_member)) {
        add({std::move(*place), size_});
      }
      size_ += piece.size();
      kept += piece.size();
      kept_.push_back(std::move(piece));
      while (kept > most_kept && kept_.size() > 1) {
        kept -= kept_.front().size();
        kept_.pop_front();
      }
      place = text.place();
    }
    damage_ = text.damage();
    left_ = size_;
    if (text.error().empty()) return true;
    error_ = "cannot unpack " + path_ + ": " + text.error();
    return false;
  }

  bool next(std::string& piece) override {
    piece.clear();
    if (left_ == 0 || !error_.empty()) return false;
    if (kept_.empty() && !unpack_stretch()) return false;
    piece = std::move(kept_.back());
    kept_.pop_back();
    left_ -= piece.size();
    return true;
  }
  double done() const noexcept override {
    return size_ == 0 ? 1 : 1 - static_cast<double>(left_) / static_cast<double>(size_);
  }
  std::uint64_t size() const noexcept override { return size_; }
  GzipDamage damage() const override { return damage_; }

 private:
  struct Stretch {
    GzipPlace place;
    std::uint64_t begin = 0;  // in the text
  };

  void add(Stretch stretch) {
    stretches_.push_back(std::move(stretch));
    if (stretches_.size() <= most_places) return;
    // Every second one, so that longer files have longer stretches.
    std::vector<Stretch> half;
    for (std::size_t i = 0; i < stretches_.size(); i += 2) half.push_back(std::move(stretches_[i]));
    stretches_ = std::move(half);
    stretch_ *= 2;
  }

  /// The one that ends where what has not been read ends.
  bool unpack_stretch() {
    while (!stretches_.empty() && stretches_.back().begin >= left_) stretches_.pop_back();
    if (stretches_.empty()) return changed();
    GzipText text(file_.get(), octets_, stretches_.back().place);
    auto wanted = left_ - stretches_.back().begin;
    stretches_.pop_back();
    std::string piece;
    while (wanted > 0 && text.next(piece)) {
      if (piece.size() > wanted) piece.resize(static_cast<std::size_t>(wanted));
      wanted -= piece.size();
      kept_.push_back(std::move(piece));
    }
    return wanted == 0 || changed();
  }

  bool changed() {
    kept_.clear();
    error_ = path_ + " has changed while it was read";
    return false;
  }

  UniqueFd file_;
  std::string path_;
  std::uint64_t octets_;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t stretch_ = usual_stretch;
  std::vector<Stretch> stretches_;
  std::deque<std::string> kept_;  // the text that ends at left_
  GzipDamage damage_;
};

template <typename Packed>
Result<std::unique_ptr<JournalText>> begun(UniqueFd file, const std::string& path,
                                           std::uint64_t octets) {
  auto text = std::make_unique<Packed>(std::move(file), path, octets);
  if (!text->begin()) return plain_problem(text->error());
  return std::unique_ptr<JournalText>(std::move(text));
}

}  // namespace

Result<std::unique_ptr<JournalText>> JournalText::of(UniqueFd file, const std::string& path,
                                                     ReadOrder order) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return plain_problem(path + " is no regular file");
  }
  for (const auto end : unreadable_ends) {
    if (path.ends_with(end)) {
      return plain_problem(path + " is compressed in a way that is not read here",
                           "unpack it beside the others, or let logrotate use gzip");
    }
  }
  const auto octets = static_cast<std::uint64_t>(status.st_size);
  if (!path.ends_with(packed_end)) {
    return std::unique_ptr<JournalText>(
        std::make_unique<PlainText>(std::move(file), path, octets, order));
  }
  return order == ReadOrder::oldest_first ? begun<PackedForward>(std::move(file), path, octets)
                                          : begun<PackedBackward>(std::move(file), path, octets);
}

}  // namespace postern
