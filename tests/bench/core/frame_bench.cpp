// What keeping the memory of frames spares, where a frame begins on one thread and ends on another: a submitted operation.
#include <barrier>
#include <ctime>
#include <new>
#include <thread>
#include <vector>

#include "base/frame_memory.hpp"
#include "report.hpp"

namespace ficha::bench {
namespace {

constexpr std::size_t frame_bytes = 1200;
constexpr std::size_t batch_size = 64;
const std::size_t batches = scaled(20'000);

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// CPU time of both threads for a frame: one takes a batch while the other gives the one before back.
template <class Take, class GiveBack>
double nanoseconds_a_frame(Take take, GiveBack give_back) {
  std::vector<void*> even(batch_size);
  std::vector<void*> odd(batch_size);
  std::barrier turn{2};
  const auto each_turn = [&](std::size_t first, std::size_t last, auto work) {
    double spent = 0;
    for (std::size_t i = 0; i <= batches; ++i) {
      if (i >= first && i < last) {
        const double begin = cpu_nanoseconds();
        for (void*& frame : (i - first) % 2 == 0 ? even : odd) work(frame);
        spent += cpu_nanoseconds() - begin;
      }
      turn.arrive_and_wait();
    }
    return spent;
  };
  double taking = 0;
  std::thread taker{[&] { taking = each_turn(0, batches, [&](void*& frame) { frame = take(); }); }};
  const double giving_back = each_turn(1, batches + 1, [&](void*& frame) { give_back(frame); });
  taker.join();
  return (taking + giving_back) / static_cast<double>(batches * batch_size);
}

void run(Report& report) {
  const Medians medians = interleaved(
      5,
      [] {
        return nanoseconds_a_frame([] { return PooledFrame::operator new(frame_bytes); },
                                   [](void* frame) { PooledFrame::operator delete(frame, frame_bytes); });
      },
      [] {
        return nanoseconds_a_frame([] { return ::operator new(frame_bytes); },
                                   [](void* frame) { ::operator delete(frame); });
      });
  report.note("a frame that begins on one thread and ends on another", medians.ours, "ns");
  report.note("the same from the usual allocator", medians.theirs, "ns");
}

const Benchmark benchmark{"FRAME", run};

}  // namespace
}  // namespace ficha::bench
