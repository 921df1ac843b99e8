#include "client/replay/memory_calls.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "client/replay/answer_text.h"
#include "client/replay/argument_reader.h"
#include "client/replay/compare_result.h"
#include "client/replay/descriptors.h"

namespace memsim::replay {
namespace {

constexpr std::uint64_t kMapAnonymous = 0x20;

// Whose memory, and the range that the first two arguments of most calls are.
template <typename Request>
void SetRange(const TracedProcess& process, ArgumentReader& arguments, Request& request) {
  request.set_pid(process.machine_pid);
  request.set_address(arguments.Number(0));
  request.set_length_bytes(arguments.Number(1));
}

}  // namespace

void TranslateMmap(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MmapRequest& mmap = *call.mutable_mmap();
  mmap.set_pid(process.machine_pid);
  mmap.set_address(arguments.Number(0));
  mmap.set_length_bytes(arguments.Number(1));
  mmap.set_prot(arguments.Number(2));
  mmap.set_flags(arguments.Number(3));
  mmap.set_fd(static_cast<std::int32_t>(arguments.Number(4)));
  mmap.set_offset_bytes(arguments.Number(5));
  const bool anonymous = (mmap.flags() & kMapAnonymous) != 0;
  if (arguments.ok() && !anonymous && !UseDescriptor(session, process, line.arguments[4]).has_value()) return;
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMunmap(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  SetRange(process, arguments, *call.mutable_munmap());
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMprotect(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MprotectRequest& mprotect = *call.mutable_mprotect();
  SetRange(process, arguments, mprotect);
  mprotect.set_prot(arguments.Number(2));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMremap(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MremapRequest& mremap = *call.mutable_mremap();
  mremap.set_pid(process.machine_pid);
  mremap.set_address(arguments.Number(0));
  mremap.set_old_length_bytes(arguments.Number(1));
  mremap.set_new_length_bytes(arguments.Number(2));
  mremap.set_flags(arguments.Number(3));
  // strace shows the new address only where the flags say that it means something.
  mremap.set_new_address(arguments.NumberOr(4, 0));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateBrk(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::BrkRequest& brk = *call.mutable_brk();
  brk.set_pid(process.machine_pid);
  brk.set_address(arguments.Number(0));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMadvise(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MadviseRequest& madvise = *call.mutable_madvise();
  SetRange(process, arguments, madvise);
  madvise.set_advice(static_cast<std::int32_t>(arguments.Number(2)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateProcessMadvise(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const TraceValue* descriptor = arguments.Find(0);
  const TraceValue* ranges = arguments.Find(1);
  v1::Call call;
  v1::ProcessMadviseRequest& request = *call.mutable_process_madvise();
  request.set_pid(process.machine_pid);
  request.set_advice(static_cast<std::int32_t>(arguments.Number(3)));
  request.set_flags(arguments.Number(4));
  if (!arguments.ok() || descriptor == nullptr || ranges == nullptr) {
    return session.NotUnderstood(arguments.ok() ? "process_madvise has too few arguments" : arguments.problem());
  }
  // Machines name processes by their pids: descriptors of them are kept here.
  const auto named = process.process_descriptors.find(static_cast<int>(descriptor->Number().value_or(0)));
  if (named == process.process_descriptors.end()) return session.CompareTexts(KernelResultText(line.result), "EBADF");
  request.set_target_pid(named->second);
  for (const TraceValue& range : ranges->items) {
    const TraceValue* base = range.Find("iov_base");
    const TraceValue* length = range.Find("iov_len");
    if (base == nullptr || length == nullptr || !base->Number().has_value() || !length->Number().has_value()) {
      return session.NotUnderstood("a range of process_madvise has no address or no length");
    }
    v1::AddressRange& added = *request.add_ranges();
    added.set_address(*base->Number());
    added.set_length_bytes(*length->Number());
  }
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMincore(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MincoreRequest& mincore = *call.mutable_mincore();
  SetRange(process, arguments, mincore);
  if (!arguments.ok()) return session.NotUnderstood(arguments.problem());
  // strace prints the vector's address only where there is nothing to show; and what it shows depends on accesses that
  // a trace need not tell: @incore is there for that.
  const TraceValue* vec = arguments.Find(2);
  if (vec != nullptr && vec->kind == TraceValue::Kind::kScalar) mincore.set_vec(arguments.Number(2));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMsync(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MsyncRequest& msync = *call.mutable_msync();
  SetRange(process, arguments, msync);
  msync.set_flags(arguments.Number(2));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMseal(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MsealRequest& mseal = *call.mutable_mseal();
  SetRange(process, arguments, mseal);
  mseal.set_flags(arguments.Number(2));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslatePkeyAlloc(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::PkeyAllocRequest& request = *call.mutable_pkey_alloc();
  request.set_pid(process.machine_pid);
  request.set_flags(arguments.Number(0));
  request.set_access_rights(arguments.Number(1));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslatePkeyFree(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::PkeyFreeRequest& request = *call.mutable_pkey_free();
  request.set_pid(process.machine_pid);
  request.set_pkey(static_cast<std::int32_t>(arguments.Number(0)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslatePkeyMprotect(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::PkeyMprotectRequest& request = *call.mutable_pkey_mprotect();
  SetRange(process, arguments, request);
  request.set_prot(arguments.Number(2));
  request.set_pkey(static_cast<std::int32_t>(arguments.Number(3)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateRemapFilePages(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::RemapFilePagesRequest& remap = *call.mutable_remap_file_pages();
  SetRange(process, arguments, remap);
  remap.set_prot(arguments.Number(2));
  remap.set_page_offset(arguments.Number(3));
  remap.set_flags(arguments.Number(4));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMlock(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  SetRange(process, arguments, *call.mutable_mlock());
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMlock2(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::Mlock2Request& mlock2 = *call.mutable_mlock2();
  SetRange(process, arguments, mlock2);
  mlock2.set_flags(arguments.Number(2));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMunlock(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  SetRange(process, arguments, *call.mutable_munlock());
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMlockall(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MlockallRequest& mlockall = *call.mutable_mlockall();
  mlockall.set_pid(process.machine_pid);
  mlockall.set_flags(arguments.Number(0));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateMunlockall(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  v1::Call call;
  call.mutable_munlockall()->set_pid(process.machine_pid);
  CompareResult(session, ArgumentReader(line), line, std::move(call));
}

}  // namespace memsim::replay
