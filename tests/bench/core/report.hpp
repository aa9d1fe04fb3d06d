// What the benchmark program measures, and how it says so.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ficha::bench {

// Set by tests/bench/run --short: one round of little work each, which shows that the program works and no more.
inline const bool short_run = std::getenv("FICHA_BENCH_SHORT") != nullptr;

// How much work a round is.
template <class Count>
[[nodiscard]] Count scaled(Count full) noexcept {
  return short_run ? full / 20 : full;
}

struct Medians {
  double ours;
  double theirs;
};

// One line per goal on standard output, and all of them as a JSON array.
class Report {
 public:
  // Of a goal of goals.hpp.
  void measured(std::string_view id, double ratio, const Medians& medians, std::string_view unit);
  void not_measured(std::string_view id, std::string_view why);
  [[nodiscard]] bool has(std::string_view id) const;
  // For orientation: printed, no goal.
  void note(std::string_view what, double value, std::string_view unit);
  // False if the file cannot be written.
  [[nodiscard]] bool write_json(const std::string& path) const;

 private:
  std::vector<std::string> entries_;
  std::vector<std::string_view> ids_;
};

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Runs both sides in turn, so that what disturbs one disturbs the other; each returns one round's figure.
template <class Ours, class Theirs>
[[nodiscard]] Medians interleaved(int rounds, Ours ours, Theirs theirs) {
  std::vector<double> our_figures;
  std::vector<double> their_figures;
  for (int round = 0; round < (short_run ? 1 : rounds); ++round) {
    our_figures.push_back(ours());
    their_figures.push_back(theirs());
  }
  return {median(std::move(our_figures)), median(std::move(their_figures))};
}

// Nanoseconds per call, over `count` calls.
template <class Function>
[[nodiscard]] double nanoseconds_each(std::size_t count, Function function) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) function(i);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / static_cast<double>(count);
}

// Keeps the compiler from dropping what computes `value`.
template <class T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "g"(&value) : "memory");
}

// A part of the program: a static Benchmark{"P1", run} in a file of its own registers it.
class Benchmark {
 public:
  using Run = void (*)(Report&);
  Benchmark(std::string_view name, Run run) { all().push_back({name, run}); }

  struct Entry {
    std::string_view name;
    Run run;
  };
  [[nodiscard]] static std::vector<Entry>& all() {
    static std::vector<Entry> entries;
    return entries;
  }
};

}  // namespace ficha::bench
