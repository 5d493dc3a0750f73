#include "runtime/last_reference.h"

#include <cerrno>
#include <new>
#include <sys/mman.h>
#include <system_error>

namespace postern {

LastReference::LastReference() {
  void* const page = ::mmap(nullptr, sizeof(Milliseconds), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "memory for references");
  }
  shared_ = new (page) Milliseconds(0);
}

LastReference::~LastReference() { ::munmap(shared_, sizeof(Milliseconds)); }

LastReference::Time LastReference::get() const noexcept {
  return Time(std::chrono::milliseconds(shared_->load(std::memory_order_relaxed)));
}

void LastReference::set(Time time) noexcept {
  shared_->store(time.time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace postern
