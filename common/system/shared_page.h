// SharedPage: one value in memory that a process shares with those it forks later. Nothing locks
// it: its members are atomics.
#pragma once

#include <cerrno>
#include <new>
#include <sys/mman.h>
#include <system_error>

namespace postern {

template <typename Value>
class SharedPage {
 public:
  /// `purpose` is part of the std::system_error it throws when the system has no page for it.
  explicit SharedPage(const char* purpose) {
    void* const page =
        ::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::system_error(errno, std::generic_category(), purpose);
    value_ = new (page) Value();
  }
  ~SharedPage() { ::munmap(value_, sizeof(Value)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  Value& operator*() const noexcept { return *value_; }
  Value* operator->() const noexcept { return value_; }

 private:
  Value* value_;
};

}  // namespace postern
