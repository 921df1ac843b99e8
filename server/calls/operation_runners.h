// What runs each operation: one overload of RunOperation a request message, in the file of its service.

#ifndef MEMSIM_SERVER_CALLS_OPERATION_RUNNERS_H_
#define MEMSIM_SERVER_CALLS_OPERATION_RUNNERS_H_

#include "memsim/v1/address_space_service.pb.h"
#include "memsim/v1/call.pb.h"
#include "memsim/v1/file_service.pb.h"
#include "memsim/v1/inspection_service.pb.h"
#include "memsim/v1/memory_contents.pb.h"
#include "memsim/v1/memory_policy.pb.h"
#include "memsim/v1/page_service.pb.h"
#include "memsim/v1/process_service.pb.h"
#include "memsim/v1/protection_keys.pb.h"
#include "memsim/v1/shared_memory_service.pb.h"
#include "memsim/v1/slab_service.pb.h"
#include "memsim/v1/time_service.pb.h"
#include "server/calls/call_frame.h"

namespace memsim {

// process_calls.cc
void RunOperation(CallFrame& frame, const v1::SpawnRequest& request);
void RunOperation(CallFrame& frame, const v1::ForkRequest& request);
void RunOperation(CallFrame& frame, const v1::VforkRequest& request);
void RunOperation(CallFrame& frame, const v1::CloneRequest& request);
void RunOperation(CallFrame& frame, const v1::ExecveRequest& request);
void RunOperation(CallFrame& frame, const v1::ExitGroupRequest& request);
void RunOperation(CallFrame& frame, const v1::Wait4Request& request);
void RunOperation(CallFrame& frame, const v1::Prlimit64Request& request);

// credential_calls.cc
void RunOperation(CallFrame& frame, const v1::SetuidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetgidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetreuidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetregidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetresuidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetresgidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetfsuidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetfsgidRequest& request);
void RunOperation(CallFrame& frame, const v1::SetgroupsRequest& request);
void RunOperation(CallFrame& frame, const v1::CapsetRequest& request);
void RunOperation(CallFrame& frame, const v1::PrctlRequest& request);

// address_space_calls.cc
void RunOperation(CallFrame& frame, const v1::MmapRequest& request);
void RunOperation(CallFrame& frame, const v1::MunmapRequest& request);
void RunOperation(CallFrame& frame, const v1::MprotectRequest& request);
void RunOperation(CallFrame& frame, const v1::MremapRequest& request);
void RunOperation(CallFrame& frame, const v1::BrkRequest& request);
void RunOperation(CallFrame& frame, const v1::MadviseRequest& request);
void RunOperation(CallFrame& frame, const v1::MlockRequest& request);
void RunOperation(CallFrame& frame, const v1::Mlock2Request& request);
void RunOperation(CallFrame& frame, const v1::MunlockRequest& request);
void RunOperation(CallFrame& frame, const v1::MlockallRequest& request);
void RunOperation(CallFrame& frame, const v1::MunlockallRequest& request);
void RunOperation(CallFrame& frame, const v1::ProcessMadviseRequest& request);
void RunOperation(CallFrame& frame, const v1::MincoreRequest& request);
void RunOperation(CallFrame& frame, const v1::MsyncRequest& request);
void RunOperation(CallFrame& frame, const v1::MsealRequest& request);
void RunOperation(CallFrame& frame, const v1::RemapFilePagesRequest& request);
void RunOperation(CallFrame& frame, const v1::PkeyAllocRequest& request);
void RunOperation(CallFrame& frame, const v1::PkeyFreeRequest& request);
void RunOperation(CallFrame& frame, const v1::PkeyMprotectRequest& request);
void RunOperation(CallFrame& frame, const v1::PkeySetRequest& request);
void RunOperation(CallFrame& frame, const v1::PkeyGetRequest& request);
void RunOperation(CallFrame& frame, const v1::CachestatRequest& request);
void RunOperation(CallFrame& frame, const v1::ExitRequest& request);
void RunOperation(CallFrame& frame, const v1::PersonalityRequest& request);
void RunOperation(CallFrame& frame, const v1::MbindRequest& request);
void RunOperation(CallFrame& frame, const v1::SetMempolicyRequest& request);
void RunOperation(CallFrame& frame, const v1::GetMempolicyRequest& request);
void RunOperation(CallFrame& frame, const v1::TouchRequest& request);
void RunOperation(CallFrame& frame, const v1::LoadRequest& request);
void RunOperation(CallFrame& frame, const v1::StoreRequest& request);

// page_calls.cc
void RunOperation(CallFrame& frame, const v1::AllocPagesRequest& request);
void RunOperation(CallFrame& frame, const v1::GetZeroedPageRequest& request);
void RunOperation(CallFrame& frame, const v1::FreePagesRequest& request);

// slab_calls.cc
void RunOperation(CallFrame& frame, const v1::KmemCacheCreateRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheDestroyRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheAllocRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheFreeRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheAllocBulkRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheFreeBulkRequest& request);
void RunOperation(CallFrame& frame, const v1::KmemCacheShrinkRequest& request);
void RunOperation(CallFrame& frame, const v1::KmallocRequest& request);
void RunOperation(CallFrame& frame, const v1::KzallocRequest& request);
void RunOperation(CallFrame& frame, const v1::KreallocRequest& request);
void RunOperation(CallFrame& frame, const v1::KfreeRequest& request);

// file_calls.cc
void RunOperation(CallFrame& frame, const v1::MknodRequest& request);
void RunOperation(CallFrame& frame, const v1::OpenRequest& request);
void RunOperation(CallFrame& frame, const v1::CloseRequest& request);
void RunOperation(CallFrame& frame, const v1::DupRequest& request);
void RunOperation(CallFrame& frame, const v1::FtruncateRequest& request);
void RunOperation(CallFrame& frame, const v1::WriteRequest& request);
void RunOperation(CallFrame& frame, const v1::ReadRequest& request);
void RunOperation(CallFrame& frame, const v1::LseekRequest& request);
void RunOperation(CallFrame& frame, const v1::UnlinkRequest& request);
void RunOperation(CallFrame& frame, const v1::RenameRequest& request);
void RunOperation(CallFrame& frame, const v1::MemfdCreateRequest& request);
void RunOperation(CallFrame& frame, const v1::FcntlRequest& request);
void RunOperation(CallFrame& frame, const v1::FallocateRequest& request);
void RunOperation(CallFrame& frame, const v1::WriteProcRequest& request);

// shared_memory_calls.cc
void RunOperation(CallFrame& frame, const v1::ShmgetRequest& request);
void RunOperation(CallFrame& frame, const v1::ShmatRequest& request);
void RunOperation(CallFrame& frame, const v1::ShmdtRequest& request);
void RunOperation(CallFrame& frame, const v1::ShmctlRequest& request);

// inspection_calls.cc
void RunOperation(CallFrame& frame, const v1::FindVmaRequest& request);
void RunOperation(CallFrame& frame, const v1::FindVmaPrevRequest& request);
void RunOperation(CallFrame& frame, const v1::FindVmaIntersectionRequest& request);
void RunOperation(CallFrame& frame, const v1::GetUnmappedAreaRequest& request);
void RunOperation(CallFrame& frame, const v1::MmStructRequest& request);
void RunOperation(CallFrame& frame, const v1::MmlistRequest& request);
void RunOperation(CallFrame& frame, const v1::RmapWalkRequest& request);
void RunOperation(CallFrame& frame, const v1::ExplainRequest& request);

// time_calls.cc
void RunOperation(CallFrame& frame, const v1::AdvanceTimeRequest& request);

// concurrent_call.cc
void RunOperation(CallFrame& frame, const v1::ConcurrentRequest& request);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_OPERATION_RUNNERS_H_
