#include "base/per_process.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace ficha {

namespace {

std::size_t page_bytes() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Result<WipedOnFork> WipedOnFork::create() {
  void* page = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return Error{ErrorCode::unavailable, "mmap: no memory left"};
  WipedOnFork wiped{page};
  if (::madvise(page, page_bytes(), MADV_WIPEONFORK) != 0) {
    return Error{ErrorCode::unavailable,
                 "madvise: this kernel has no MADV_WIPEONFORK (Linux 4.14), so a fork would go "
                 "unnoticed"};
  }
  return wiped;
}

WipedOnFork::~WipedOnFork() {
  if (page_) ::munmap(page_, page_bytes());
}

}  // namespace ficha
