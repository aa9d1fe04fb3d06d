#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>

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

std::string head(std::string_view id, std::string_view what, std::string_view op, double target) {
  return R"({"id": )" + quoted(id) + R"(, "what": )" + quoted(what) + R"(, "op": )" + quoted(op) + R"(, "target": )" +
         number(target);
}

}  // namespace

void Report::measured(std::string_view id, std::string_view what, double ratio, std::string_view op, double target,
                      double ours, double theirs, std::string_view unit) {
  const bool met = op == ">=" ? ratio >= target : ratio <= target;
  std::printf("%-5.*s %8.4g %.*s %-6g %-6s ours %.4g, theirs %.4g %.*s   %.*s\n", static_cast<int>(id.size()),
              id.data(), ratio, static_cast<int>(op.size()), op.data(), target, met ? "met" : "MISSED", ours, theirs,
              static_cast<int>(unit.size()), unit.data(), static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
  entries_.push_back(head(id, what, op, target) + R"(, "ratio": )" + number(ratio) + R"(, "ours": )" + number(ours) +
                     R"(, "theirs": )" + number(theirs) + R"(, "unit": )" + quoted(unit) + "}");
}

void Report::not_measured(std::string_view id, std::string_view what, std::string_view op, double target,
                          std::string_view why) {
  std::printf("%-5.*s not measured: %.*s   %.*s\n", static_cast<int>(id.size()), id.data(),
              static_cast<int>(why.size()), why.data(), static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
  entries_.push_back(head(id, what, op, target) + R"(, "ratio": null, "why": )" + quoted(why) + "}");
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
    try {
      run(report);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(name.size()), name.data(), problem.what());
      status = 1;
    }
  }
  if (!json.empty() && !report.write_json(json)) {
    std::fprintf(stderr, "cannot write %s\n", json.c_str());
    return 1;
  }
  return status;
}
