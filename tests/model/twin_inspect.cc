// Calls that look into address spaces, against the model's pages.

#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;

// Fills in whose memory, and where.
template <typename Request>
Request& AtAddress(Pid pid, std::uint64_t address, Request* request) {
  request->set_pid(pid.value());
  request->set_address(address);
  return *request;
}

// What find_vma must find in a flat map of pages: the mapping of the page, or of the next one that is mapped.
std::string CompareLookup(const SlowMemory& memory, std::uint64_t address, const v1::Answer& answer) {
  const auto next = memory.pages.lower_bound(address / kPage);
  const v1::VmaLookup& lookup = answer.vma_lookup();
  if (lookup.has_vma() != (next != memory.pages.end())) return "find_vma: a mapping where there is none, or none";
  if (!lookup.has_vma()) return "";
  const std::uint64_t first = next->first * kPage;
  const v1::VmArea& vma = lookup.vma();
  if (answer.value() != vma.start()) return "find_vma: the value is not where the mapping begins";
  if (vma.start() > first || vma.end() <= first) return absl::StrCat("find_vma: not the mapping of ", first);
  if (first > address && vma.start() != first) return "find_vma: the mapping begins before its first page";
  for (std::uint64_t page = vma.start() / kPage; page < vma.end() / kPage; ++page) {
    if (!memory.pages.contains(page)) return "find_vma: the mapping has a hole";
  }
  if (lookup.visited_size() == 0 || !lookup.visited(lookup.visited_size() - 1).leaf()) return "find_vma: no way to it";
  return "";
}

std::string ComparePrevious(const SlowMemory& memory, const v1::VmaLookup& lookup) {
  const std::uint64_t end = lookup.has_vma() ? lookup.vma().start() / kPage : UINT64_MAX;
  auto before = memory.pages.lower_bound(end);
  const bool some = before != memory.pages.begin();
  if (lookup.has_previous() != some) return "find_vma_prev: a mapping before where there is none, or none";
  return !some || lookup.previous().end() == (--before)->first * kPage + kPage ? "" : "find_vma_prev: not the last one";
}

// Whether some page of [address, address + bytes) is mapped.
bool AnyMapped(const SlowMemory& memory, std::uint64_t address, std::uint64_t bytes) {
  const auto first = memory.pages.lower_bound(address / kPage);
  return bytes != 0 && first != memory.pages.end() && first->first * kPage < address + bytes;
}

std::string CompareReverseMap(const SlowMemory& memory, Pid pid, std::uint64_t address, const v1::Answer& answer) {
  const auto found = memory.pages.find(address / kPage);
  const bool fault = answer.error_number() == static_cast<int>(Errno::kFault);
  if (found == memory.pages.end()) return fault ? "" : "rmap_walk: a page where nothing is mapped";
  if (fault) return found->second.presence == Presence::kOwn ? "rmap_walk: a page of its own is not there" : "";
  const v1::ReverseMap& map = answer.reverse_map();
  if (map.visited_vmas() < map.mapping_count()) return "rmap_walk: more mappings than it looked into";
  if (map.use() != v1::FRAME_USE_ANONYMOUS && map.use() != v1::FRAME_USE_FILE) return "";
  bool mine = map.mapping_count() > static_cast<std::uint64_t>(map.mappings_size());
  bool huge = false;
  for (const v1::FrameMapping& mapping : map.mappings()) {
    huge = huge || mapping.huge();
    const bool here = mapping.address() == address / kPage * kPage;
    for (const std::uint64_t user : mapping.pids()) mine = mine || (here && user == pid.value());
    mine = mine || (here && mapping.pids_size() == 16);
  }
  if (!mine) return "rmap_walk: it does not find the page where it is";
  if (!huge && map.mapping_count() != map.map_count()) return "rmap_walk: it finds more or less than _mapcount";
  return "";
}

}  // namespace

std::string MachineTwin::Lookup(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory);
  v1::Call call;
  if (static_cast<AskChoice>(op.a) == AskChoice::kFindVma) {
    AtAddress(caller.pid, address, call.mutable_find_vma());
    return CompareLookup(caller.memory, address, machine_.Ask(call));
  }
  if (static_cast<AskChoice>(op.a) == AskChoice::kFindVmaPrev) {
    AtAddress(caller.pid, address, call.mutable_find_vma_prev());
    const v1::Answer answer = machine_.Ask(call);
    if (std::string error = CompareLookup(caller.memory, address, answer); !error.empty()) return error;
    return ComparePrevious(caller.memory, answer.vma_lookup());
  }
  const std::uint64_t bytes = std::min(op.pages * kPage, UINT64_MAX - address);
  AtAddress(caller.pid, address, call.mutable_find_vma_intersection()).set_length_bytes(bytes);
  const bool found = machine_.Ask(call).vma_lookup().has_vma();
  return found == AnyMapped(caller.memory, address, bytes) ? "" : "find_vma_intersection: wrong";
}

std::string MachineTwin::Room(const MachineOperation& op, Caller caller) {
  const std::uint64_t bytes = std::max<std::uint64_t>(op.pages, 1) * kPage;
  v1::Call call;
  call.mutable_get_unmapped_area()->set_pid(caller.pid.value());
  call.mutable_get_unmapped_area()->set_length_bytes(bytes);
  call.mutable_get_unmapped_area()->set_flags(0x22);
  const v1::Answer answer = machine_.Ask(call);
  if (answer.error_number() != 0) return "get_unmapped_area: there is room";
  if (AnyMapped(caller.memory, answer.value(), bytes)) return "get_unmapped_area: the room is taken";
  const v1::UnmappedAreaSearch& search = answer.unmapped_area_search();
  return search.steps_size() != 0 && search.steps(search.steps_size() - 1).found() ? "" : "get_unmapped_area: no step";
}

std::string MachineTwin::Descriptors(const MachineOperation& op, Caller caller) {
  v1::Call call;
  if (static_cast<AskChoice>(op.a) == AskChoice::kMmStruct) {
    call.mutable_mm_struct()->set_pid(caller.pid.value());
    const v1::MmStruct mm = machine_.Ask(call).mm_struct();
    if (mm.total_vm_pages() != caller.memory.pages.size()) return "mm_struct: total_vm";
    return mm.mm_count() >= 1 && mm.mm_users() >= 1 ? "" : "mm_struct: nobody uses it";
  }
  call.mutable_mmlist();
  const v1::MmList list = machine_.Ask(call).mm_list();
  int found = 0;
  for (const v1::MmListEntry& entry : list.mms()) {
    for (const std::uint64_t pid : entry.pids()) found += pid == caller.pid.value() ? 1 : 0;
    if (entry.mm_users() > 16 || list.mm_count() > 1000) return "";
  }
  return found == 1 ? "" : "mmlist: a process is in one address space";
}

std::string MachineTwin::Inspect(const MachineOperation& op, Caller caller) {
  switch (static_cast<AskChoice>(op.a)) {
    case AskChoice::kGetUnmappedArea:
      return Room(op, caller);
    case AskChoice::kMmStruct:
    case AskChoice::kMmlist:
      return Descriptors(op, caller);
    case AskChoice::kRmapWalk: {
      const std::uint64_t address = AddressOf(op.place, caller.memory);
      v1::Call call;
      AtAddress(caller.pid, address, call.mutable_rmap_walk());
      return CompareReverseMap(caller.memory, caller.pid, address, machine_.Ask(call));
    }
    default:
      return Lookup(op, caller);
  }
}

}  // namespace memsim
