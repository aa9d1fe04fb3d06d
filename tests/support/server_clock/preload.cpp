// Preloaded into a real server: its wall clock is the machine's plus what the file named by FICHA_SERVER_CLOCK says.
// No allocation and no other library: the server's allocator asks for the time before anything else is ready.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

// Milliseconds, 8 bytes, shared with the test.
const std::atomic<std::int64_t>* map_offset() noexcept {
  const char* const path = std::getenv("FICHA_SERVER_CLOCK");
  if (!path) return nullptr;
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* const memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(memory);
}

std::int64_t now_us() noexcept {
  static const std::atomic<std::int64_t>* const offset_ms = map_offset();
  timespec time{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
  const std::int64_t real_us = time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
  return offset_ms ? real_us + offset_ms->load(std::memory_order_relaxed) * 1000 : real_us;
}

}  // namespace

extern "C" {

int gettimeofday(timeval* time, void*) noexcept {
  const std::int64_t us = now_us();
  *time = {us / 1'000'000, us % 1'000'000};
  return 0;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock != CLOCK_REALTIME) return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  const std::int64_t us = now_us();
  *time = {us / 1'000'000, us % 1'000'000 * 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  const time_t seconds = now_us() / 1'000'000;
  if (out) *out = seconds;
  return seconds;
}
}
