#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>

#include "goals.hpp"
#include "report.hpp"

namespace ficha::bench {

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

const Goal& goal_of(std::string_view id) {
  return *std::ranges::find(goals, id, &Goal::id);
}

std::string head(const Goal& goal) {
  return R"({"id": )" + quoted(goal.id) + R"(, "what": )" + quoted(goal.what) + R"(, "op": )" + quoted(goal.op) +
         R"(, "target": )" + number(goal.target);
}

int width(std::string_view text) {
  return static_cast<int>(text.size());
}

}  // namespace

void Report::measured(std::string_view id, double ratio, const Medians& medians, std::string_view unit) {
  const Goal& goal = goal_of(id);
  const bool met = goal.op == ">=" ? ratio >= goal.target : ratio <= goal.target;
  std::printf("%-5.*s %8.4g %.*s %-6g %-6s ours %.4g, theirs %.4g %.*s   %.*s\n", width(id), id.data(), ratio,
              width(goal.op), goal.op.data(), goal.target, met ? "met" : "MISSED", medians.ours, medians.theirs,
              width(unit), unit.data(), width(goal.what), goal.what.data());
  std::fflush(stdout);
  entries_.push_back(head(goal) + R"(, "ratio": )" + number(ratio) + R"(, "ours": )" + number(medians.ours) +
                     R"(, "theirs": )" + number(medians.theirs) + R"(, "unit": )" + quoted(unit) + "}");
  ids_.push_back(id);
}

void Report::not_measured(std::string_view id, std::string_view why) {
  const Goal& goal = goal_of(id);
  std::printf("%-5.*s not measured: %.*s   %.*s\n", width(id), id.data(), width(why), why.data(), width(goal.what),
              goal.what.data());
  std::fflush(stdout);
  entries_.push_back(head(goal) + R"(, "ratio": null, "why": )" + quoted(why) + "}");
  ids_.push_back(id);
}

bool Report::has(std::string_view id) const {
  return std::ranges::find(ids_, id) != ids_.end();
}

void Report::note(std::string_view what, double value, std::string_view unit) {
  std::printf("      %10.4g %.*s   %.*s\n", value, static_cast<int>(unit.size()), unit.data(),
              static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
}

bool Report::write_json(const std::string& path) const {
  std::ofstream out(path);
  out << "[\n";
  for (std::size_t i = 0; i < entries_.size(); ++i) out << (i == 0 ? " " : ",\n ") << entries_[i];
  out << "\n]\n";
  return out.good();
}

}  // namespace ficha::bench

// ficha_bench_core [--json FILE] [NAME…]: the benchmarks named, or all.
int main(int argc, char** argv) {
  using ficha::bench::Benchmark;
  std::string json;
  std::vector<std::string_view> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      json = argv[++i];
    } else {
      wanted.emplace_back(argv[i]);
    }
  }
  ficha::bench::Report report;
  std::ranges::sort(Benchmark::all(), {}, &Benchmark::Entry::name);
  int status = 0;
  for (const auto& [name, run] : Benchmark::all()) {
    if (!wanted.empty() && std::ranges::find(wanted, name) == wanted.end()) continue;
    std::string problem = "the benchmark " + std::string(name) + " did not come to it";
    try {
      run(report);
    } catch (const std::exception& error) {
      problem = error.what();
      std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(name.size()), name.data(), problem.c_str());
      status = 1;
    }
    for (const ficha::bench::Goal& goal : ficha::bench::goals) {
      if (goal.benchmark == name && !report.has(goal.id)) report.not_measured(goal.id, problem);
    }
  }
  if (!json.empty() && !report.write_json(json)) {
    std::fprintf(stderr, "cannot write %s\n", json.c_str());
    return 1;
  }
  return status;
}
