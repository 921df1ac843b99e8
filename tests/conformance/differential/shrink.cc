#include "tests/conformance/differential/shrink.h"

#include <cstdint>
#include <utility>

#include "tests/conformance/differential/arguments.h"
#include "tests/conformance/differential/calls.h"
#include "tests/conformance/differential/generator.h"

namespace memsim::differential {
namespace {

class Shrinker {
 public:
  Shrinker(Program program, const std::function<bool(const Program&)>& fails)
      : program_(std::move(program)), fails_(fails) {}

  Program Shrink() {
    do {
      smaller_ = false;
      LeaveOutSteps();
      LeaveOutFiles();
      SimplifyFiles();
      SimplifySteps();
    } while (smaller_);
    return std::move(program_);
  }

 private:
  bool Try(Program candidate) {
    if (!fails_(candidate)) return false;
    program_ = std::move(candidate);
    smaller_ = true;
    return true;
  }

  // Runs of them, from halves down to single ones.
  void LeaveOutSteps() {
    for (std::size_t length = (program_.steps.size() + 1) / 2; length > 0; length /= 2) {
      // From the end: what failed first is near there.
      for (std::size_t end = program_.steps.size(); end >= length; --end) {
        Program candidate = program_;
        const auto first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(end - length);
        candidate.steps.erase(first, first + static_cast<std::ptrdiff_t>(length));
        if (Try(std::move(candidate))) end = std::min(end, program_.steps.size() + 1);
      }
    }
  }

  // Descriptors keep their numbers, so only the last ones can go.
  void LeaveOutFiles() {
    while (!program_.descriptors.empty()) {
      Program candidate = program_;
      candidate.descriptors.pop_back();
      if (!Try(std::move(candidate))) break;
    }
    while (!program_.files.empty()) {
      Program candidate = program_;
      candidate.files.pop_back();
      bool used = false;
      for (const DescriptorSpec& descriptor : candidate.descriptors) {
        used = used || descriptor.file == candidate.files.size();
      }
      if (used || !Try(std::move(candidate))) break;
    }
  }

  void SimplifyFiles() {
    for (std::size_t i = 0; i < program_.files.size(); ++i) {
      for (const std::uint64_t size : SimplerArguments(ArgumentKind::kFileLength, program_.files[i].size.value())) {
        Program candidate = program_;
        candidate.files[i].size = ByteCount(size);
        if (Try(std::move(candidate))) break;
      }
    }
  }

  void SimplifySteps() {
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      if (program_.steps[i].process != 0) {
        Program candidate = program_;
        candidate.steps[i].process = 0;
        Try(std::move(candidate));
      }
      for (std::size_t argument = 0; argument < program_.steps[i].arguments.size(); ++argument) {
        while (SimplifyArgument(i, argument)) {
        }
      }
    }
  }

  bool SimplifyArgument(std::size_t step, std::size_t argument) {
    const ArgumentKind kind = Calls()[program_.steps[step].call].arguments[argument];
    for (const std::uint64_t value : SimplerArguments(kind, program_.steps[step].arguments[argument])) {
      Program candidate = program_;
      candidate.steps[step].arguments[argument] = value;
      if (!HitsRegion(candidate.steps[step]) && Try(std::move(candidate))) return true;
    }
    return false;
  }

  Program program_;
  const std::function<bool(const Program&)>& fails_;
  bool smaller_ = false;
};

}  // namespace

Program Shrink(Program program, const std::function<bool(const Program&)>& fails) {
  return Shrinker(std::move(program), fails).Shrink();
}

}  // namespace memsim::differential
