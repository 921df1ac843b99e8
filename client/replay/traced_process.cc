#include "client/replay/traced_process.h"

#include <utility>

namespace memsim::replay {

TracedProcess* TracedProcesses::Find(std::uint64_t trace_pid) {
  const auto found = processes_.find(trace_pid);
  return found == processes_.end() ? nullptr : &found->second;
}

TracedProcess& TracedProcesses::Add(std::uint64_t trace_pid) {
  TracedProcess& process = processes_[trace_pid];
  process = TracedProcess();
  process.trace_pid = trace_pid;
  process.group = trace_pid;
  return process;
}

TracedProcess& TracedProcesses::AddChild(const TracedProcess& parent, std::uint64_t trace_pid,
                                         std::uint64_t clone_flags) {
  // Copies: Add may overwrite the parent's own record, if the trace says that a process is its own child.
  std::shared_ptr<DescriptorTable> descriptors = parent.descriptors;
  std::shared_ptr<std::string> directory = parent.directory;
  std::shared_ptr<const std::vector<OwnRange>> own_memory = parent.own_memory;
  const std::uint64_t group = parent.group;
  std::map<int, std::uint64_t> process_descriptors = parent.process_descriptors;
  TracedProcess& child = Add(trace_pid);
  if ((clone_flags & kCloneFiles) == 0) descriptors = std::make_shared<DescriptorTable>(*descriptors);
  if ((clone_flags & kCloneFs) == 0) directory = std::make_shared<std::string>(*directory);
  child.descriptors = std::move(descriptors);
  child.directory = std::move(directory);
  child.process_descriptors = std::move(process_descriptors);
  child.own_memory = std::move(own_memory);
  if ((clone_flags & kCloneThread) != 0) child.group = group;
  return child;
}

int TracedProcesses::LivingThreads(std::uint64_t group) const {
  int living = 0;
  for (const auto& [pid, process] : processes_) {
    if (process.group == group && !process.ended) ++living;
  }
  return living;
}

void TracedProcesses::EndGroup(std::uint64_t group) {
  for (auto& [pid, process] : processes_) {
    if (process.group == group) process.ended = true;
  }
}

void TracedProcesses::RenameFile(const std::string& old_path, const std::string& new_path) {
  for (auto& [pid, process] : processes_) {
    for (auto& [fd, descriptor] : *process.descriptors) {
      if (descriptor.path == old_path) descriptor.path = new_path;
    }
  }
}

}  // namespace memsim::replay
