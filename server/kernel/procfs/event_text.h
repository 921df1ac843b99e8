// Events as the kernel prints them: the text of a tracepoint's print fmt, with pointers as perf shows them.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_EVENT_TEXT_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_EVENT_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/kernel/observe/trace_ring.h"
#include "server/kernel/observe/tracepoint.h"

namespace memsim {

// "page=0xffffea0000040000 pfn=0x1000 order=0 migratetype=1 gfp_flags=GFP_KERNEL". ASCII only, whatever names tasks,
// caches and files have. In this and the following, the record is one of the batch.
std::string EventText(const TraceBatch& batch, const TraceRecord& record);

// The name of the record's task.
std::string EventComm(const TraceBatch& batch, const TraceRecord& record);

// Each field by itself, written as in the text: {"pfn", "0x1000"}, {"gfp_flags", "GFP_KERNEL"}.
struct EventField {
  absl::string_view name;
  std::string value;
};
std::vector<EventField> EventFields(const TraceBatch& batch, const TraceRecord& record);

// The names of a tracepoint's fields.
std::vector<absl::string_view> TracepointFields(Tracepoint point);

// A tracepoint's text with fields in braces, {order} or {pfn:x}, also where the registry leaves it out.
std::string TracepointText(Tracepoint point);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_EVENT_TEXT_H_
