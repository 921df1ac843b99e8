#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "server/calls/access_argument.h"
#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

// 4 GiB in one call, at most some hundred milliseconds and some tens of MiB of the host: turns and the cap on host
// memory are kept to within a call.
constexpr std::uint64_t kMaxTouchedPages = 1ULL << 20;

}  // namespace

void RunOperation(CallFrame& frame, const v1::MmapRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mmap(pid, address, ByteCount(request.length_bytes()), request.prot(), request.flags(),
                                    request.fd(), ByteCount(request.offset_bytes())));
}

void RunOperation(CallFrame& frame, const v1::MunmapRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Munmap(pid, address, ByteCount(request.length_bytes())));
}

void RunOperation(CallFrame& frame, const v1::MprotectRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mprotect(pid, address, ByteCount(request.length_bytes()), request.prot()));
}

void RunOperation(CallFrame& frame, const v1::MremapRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  const VirtualAddress new_address =
      frame.ReadAddress("new_address", request.new_address(), request.new_address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mremap(pid, address, ByteCount(request.old_length_bytes()),
                                      ByteCount(request.new_length_bytes()), request.flags(), new_address));
}

void RunOperation(CallFrame& frame, const v1::BrkRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Brk(pid, address));
}

void RunOperation(CallFrame& frame, const v1::MadviseRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Madvise(pid, address, ByteCount(request.length_bytes()), request.advice()));
}

void RunOperation(CallFrame& frame, const v1::MlockRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mlock(pid, address, ByteCount(request.length_bytes())));
}

void RunOperation(CallFrame& frame, const v1::Mlock2Request& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mlock2(pid, address, ByteCount(request.length_bytes()), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::MunlockRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Munlock(pid, address, ByteCount(request.length_bytes())));
}

void RunOperation(CallFrame& frame, const v1::MlockallRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mlockall(pid, request.flags()));
}

void RunOperation(CallFrame& frame, const v1::MunlockallRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Munlockall(pid));
}

void RunOperation(CallFrame& frame, const v1::ProcessMadviseRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const Pid target = frame.ReadPid("target_pid", request.target_pid(), request.target_pid_slot());
  if (frame.refused()) return;
  std::vector<Machine::AdvisedRange> ranges;
  for (const v1::AddressRange& range : request.ranges()) {
    ranges.push_back({VirtualAddress(range.address()), ByteCount(range.length_bytes())});
  }
  frame.Finish(frame.machine().ProcessMadvise(pid, target, ranges, request.advice(), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::MincoreRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  std::optional<VirtualAddress> vec;
  if (request.has_vec()) vec = VirtualAddress(request.vec());
  Residency residency = frame.machine().Mincore(pid, address, ByteCount(request.length_bytes()), vec);
  frame.Finish(residency.error);
  if (!residency.pages.empty()) frame.answer().set_residency(std::move(residency.pages));
}

void RunOperation(CallFrame& frame, const v1::MsyncRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Msync(pid, address, ByteCount(request.length_bytes()), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::MsealRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Mseal(pid, address, ByteCount(request.length_bytes()), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::RemapFilePagesRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().RemapFilePages(pid, address, ByteCount(request.length_bytes()), request.prot(),
                                              PageOffset(request.page_offset()), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::PkeyAllocRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().PkeyAlloc(pid, request.flags(), request.access_rights()));
}

void RunOperation(CallFrame& frame, const v1::PkeyFreeRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().PkeyFree(pid, request.pkey()));
}

void RunOperation(CallFrame& frame, const v1::PkeyMprotectRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  frame.Finish(
      frame.machine().PkeyMprotect(pid, address, ByteCount(request.length_bytes()), request.prot(), request.pkey()));
}

void RunOperation(CallFrame& frame, const v1::PkeySetRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().PkeySet(pid, request.pkey(), request.access_rights()));
}

void RunOperation(CallFrame& frame, const v1::PkeyGetRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().PkeyGet(pid, request.pkey()));
}

namespace {

// nodemask, and where it stands. The request must outlive what it gives.
template <typename Request>
NodeMaskArgument NodesOf(const Request& request) {
  NodeMaskArgument nodes;
  nodes.words = request.nodemask();
  if (request.has_nodemask_address()) nodes.address = VirtualAddress(request.nodemask_address());
  nodes.maxnode = request.maxnode();
  return nodes;
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::MbindRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  const ByteCount length(request.length_bytes());
  frame.Finish(frame.machine().Mbind(pid, {address, length, request.mode(), NodesOf(request), request.flags()}));
}

void RunOperation(CallFrame& frame, const v1::SetMempolicyRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().SetMempolicy(pid, request.mode(), NodesOf(request)));
}

void RunOperation(CallFrame& frame, const v1::GetMempolicyRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  GetMempolicyArguments arguments;
  arguments.address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  if (request.has_policy()) arguments.policy = VirtualAddress(request.policy());
  if (request.has_nodemask()) arguments.nodemask = VirtualAddress(request.nodemask());
  arguments.maxnode = request.maxnode();
  arguments.flags = request.flags();
  const GetMempolicyResult result = frame.machine().GetMempolicy(pid, arguments);
  frame.Finish(result.error);
  if (result.error != Errno::kOk) return;
  v1::MemoryPolicy& told = *frame.answer().mutable_memory_policy();
  if ((request.flags() & kMpolNode) != 0) {
    told.set_node(result.policy);
  } else {
    told.set_policy(result.policy);
  }
  std::size_t words = NodeMask::kWords;
  while (words > 0 && result.nodes.word(words - 1) == 0) --words;
  for (std::size_t i = 0; i < words; ++i) told.add_nodemask(result.nodes.word(i));
}

void RunOperation(CallFrame& frame, const v1::TouchRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  const AccessKind access = ReadAccess(frame, request.access());
  if (request.page_count() > kMaxTouchedPages) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                 absl::StrCat("page_count is ", request.page_count(), "; it must be at most ", kMaxTouchedPages));
  }
  if (frame.refused()) return;
  const PageCount pages(request.page_count() == 0 ? 1 : request.page_count());
  const ErrnoOr<AccessResult> result = frame.machine().Touch(pid, address, access, pages);
  if (!result.ok()) return frame.Finish(result.error());
  frame.Finish(result->minor_faults);
  if (result->major_faults != 0) WriteFaults(*result, frame.answer());
  WriteSignal(result->signal, frame.answer());
}

void RunOperation(CallFrame& frame, const v1::LoadRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  frame.CheckTransfer("length_bytes", request.length_bytes());
  if (frame.refused()) return;
  std::string bytes(request.length_bytes(), '\0');
  const ErrnoOr<TransferResult> result = frame.machine().Load(pid, address, absl::MakeSpan(bytes));
  if (!result.ok()) return frame.Finish(result.error());
  frame.Finish(result->done);
  WriteSignal(result->access.signal, frame.answer());
  if (result->done == ByteCount(0)) return WriteFaults(result->access, frame.answer());
  bytes.resize(result->done.value());
  v1::LoadedBytes& loaded = *frame.answer().mutable_loaded();
  loaded.set_data(std::move(bytes));
  loaded.set_minor_faults(result->access.minor_faults);
  loaded.set_major_faults(result->access.major_faults);
}

void RunOperation(CallFrame& frame, const v1::StoreRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  frame.CheckTransfer("data", request.data().size());
  if (frame.refused()) return;
  const ErrnoOr<TransferResult> result = frame.machine().Store(pid, address, request.data());
  if (!result.ok()) return frame.Finish(result.error());
  frame.Finish(result->done);
  WriteSignal(result->access.signal, frame.answer());
  WriteFaults(result->access, frame.answer());
}

}  // namespace memsim
