#include "server/kernel/vm/load_store.h"

#include <algorithm>

#include "absl/functional/function_ref.h"

#include "server/base/check.h"

namespace memsim {
namespace {

// A part of the row that lies in one page, which the program may access by now.
struct PagePart {
  PageFrameNumber frame;
  ByteCount offset;
  // Of the row.
  ByteCount first;
  ByteCount length;
};

TouchStatus Transfer(AddressSpace& space, const VmCaller& caller, AccessKind kind, ByteCount length,
                     TransferProgress& progress, absl::FunctionRef<void(const PagePart&)> move) {
  constexpr ByteCount kLine{64};
  VmEnvironment& environment = space.environment();
  while (progress.done < length) {
    TouchProgress touch{progress.next, PageCount(1), kind, StoredBytes::kKnown, std::nullopt};
    const TouchStatus status = Touch(space, caller, touch);
    progress.signal = touch.signal;
    if (status != TouchStatus::kDone) return status;
    const ByteCount offset = progress.next - PageAlignDown(progress.next);
    const ByteCount part = std::min(length - progress.done, kPageSize - offset);
    const Pte pte = space.page_tables().Get(progress.next);
    MEMSIM_CHECK(pte.present(), progress.next.value());
    move({pte.frame(), offset, progress.done, part});
    environment.cpus.Charge(environment.costs.access_line * ((part.value() + kLine.value() - 1) / kLine.value()));
    progress.next += part;
    progress.done += part;
  }
  return TouchStatus::kDone;
}

}  // namespace

TouchStatus LoadBytes(AddressSpace& space, const VmCaller& caller, absl::Span<char> bytes, TransferProgress& progress) {
  const FrameContents& contents = space.environment().pages.contents();
  return Transfer(space, caller, AccessKind::kRead, ByteCount(bytes.size()), progress, [&](const PagePart& part) {
    contents.Read(part.frame, part.offset, bytes.subspan(part.first.value(), part.length.value()));
  });
}

TouchStatus StoreBytes(AddressSpace& space, const VmCaller& caller, absl::string_view bytes,
                       TransferProgress& progress) {
  FrameContents& contents = space.environment().pages.contents();
  return Transfer(space, caller, AccessKind::kWrite, ByteCount(bytes.size()), progress, [&](const PagePart& part) {
    contents.Write(part.frame, part.offset, bytes.substr(part.first.value(), part.length.value()));
  });
}

}  // namespace memsim
