#include "base/frame_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ficha {
namespace {

constexpr std::array<std::size_t, 4> sizes{40, 256, 700, 5000};  // the last is too large to be kept

struct Frame {
  void* memory;
  std::size_t size;
  unsigned char mark;
};

Frame take(std::size_t number) {
  Frame frame{nullptr, sizes[number % sizes.size()], static_cast<unsigned char>(number)};
  frame.memory = PooledFrame::operator new(frame.size);
  std::memset(frame.memory, frame.mark, frame.size);
  return frame;
}

// Whether nobody else wrote there.
bool give_back(const Frame& frame) {
  const auto* const bytes = static_cast<const unsigned char*>(frame.memory);
  bool intact = true;
  for (std::size_t i = 0; i < frame.size; ++i) intact = intact && bytes[i] == frame.mark;
  PooledFrame::operator delete(frame.memory, frame.size);
  return intact;
}

TEST(FrameMemoryTest, NoTwoFramesShareMemoryWhicheverThreadEndsThem) {
  constexpr int pairs = 2;
  constexpr std::size_t frames = 20'000;
  std::vector<std::thread> threads;
  std::array<int, pairs> broken{};
  for (int pair = 0; pair < pairs; ++pair) {
    auto handed_over = std::make_shared<std::deque<Frame>>();
    auto mutex = std::make_shared<std::mutex>();
    threads.emplace_back([=] {
      for (std::size_t i = 0; i < frames; ++i) {
        const Frame frame = take(i);
        const std::lock_guard lock{*mutex};
        handed_over->push_back(frame);
      }
    });
    threads.emplace_back([=, &lost = broken[static_cast<std::size_t>(pair)]] {
      for (std::size_t taken = 0; taken < frames;) {
        std::deque<Frame> here;
        {
          const std::lock_guard lock{*mutex};
          here.swap(*handed_over);
        }
        for (const Frame& frame : here) lost += give_back(frame) ? 0 : 1;
        taken += here.size();
        if (here.empty()) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int lost : broken) EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace ficha
