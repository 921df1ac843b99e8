#include "tests/model/random_calls.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/text_format.h"

#include "server/base/check.h"

namespace memsim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kArena = 1ULL << 44;
constexpr std::uint64_t kImage = 0x400000;
// The processes and the blocks that the calls mean: whatever was made last in each place.
constexpr std::uint64_t kFirstPidSlot = 1;
constexpr std::uint64_t kPidSlots = 6;
constexpr std::uint64_t kFirstBlockSlot = 10;
constexpr std::uint64_t kBlockSlots = 8;
constexpr std::uint64_t kFirstObjectSlot = 30;
constexpr std::uint64_t kObjectSlots = 32;
// Of the machines, beside those of any spec.
constexpr std::uint32_t kFewCpus = 4;
constexpr std::uint32_t kManyCpus = 64;

std::uint64_t Pick(Random& random, const std::vector<std::uint64_t>& values) {
  return values[random.Below(values.size())];
}

// At the edges of what numbers mean here, or anything.
std::uint64_t DrawOddNumber(Random& random) {
  static const std::vector<std::uint64_t> kEdges = {0,
                                                    1,
                                                    4095,
                                                    4096,
                                                    4097,
                                                    1ULL << 31,
                                                    (1ULL << 31) - 1,
                                                    1ULL << 32,
                                                    1ULL << 44,
                                                    1ULL << 47,
                                                    (1ULL << 47) - 4096,
                                                    1ULL << 52,
                                                    1ULL << 63,
                                                    (1ULL << 63) - 1,
                                                    ~0ULL,
                                                    ~0ULL - 4095,
                                                    0xffff888000000000,
                                                    0xffffffffff600000};
  const std::uint64_t draw = random.Below(3);
  if (draw == 0) return Pick(random, kEdges);
  if (draw == 1) return random.Next() >> random.Below(64);
  return Pick(random, kEdges) + random.Below(64) * kPage - 32 * kPage;
}

std::uint64_t DrawMmapFlags(Random& random) {
  std::uint64_t flags = random.Below(20) == 0 ? random.Below(16) : 1 + random.Below(2);
  if (random.Below(3) != 0) flags |= 0x10;
  if (random.Below(4) != 0) flags |= 0x20;
  if (random.Below(3) == 0) flags |= 1ULL << random.Below(22);
  return flags;
}

// A number for a field of this name.
std::uint64_t DrawNumber(Random& random, const std::string& message, const std::string& field) {
  if (random.Below(80) == 0) return DrawOddNumber(random);
  if (field == "pid_slot") return random.Below(20) == 0 ? 0 : kFirstPidSlot + random.Below(kPidSlots);
  if (field == "child_pid_slot") return random.Below(2) * (kFirstPidSlot + random.Below(kPidSlots));
  // Objects of caches: whatever was allocated last in each place, one by one or in a row.
  const bool of_slabs = absl::StartsWith(message, "K");
  if (field == "first_store_as" || field == "first_stored_as" || (field == "address_slot" && of_slabs)) {
    return kFirstObjectSlot + random.Below(kObjectSlots);
  }
  if (field == "object_count") return random.Below(12);
  if (field == "address" && of_slabs) return random.Below(20) == 0 ? random.Below(300) : 0;
  if (field == "cache") return random.Below(4) == 0 ? random.Below(260) : 236 + random.Below(4);
  if (field == "sheaf_capacity") return random.Below(4) == 0 ? random.Below(40) : 0;
  if (field == "align_bytes") return random.Below(4) == 0 ? 1ULL << random.Below(14) : 0;
  if (field == "object_size_bytes") return random.Below(8) == 0 ? random.Below(100000) : 960 + random.Below(64);
  if (field == "size_bytes" && of_slabs) return random.Below(6) == 0 ? random.Below(300000) : random.Below(600);
  if (field == "flags" && message == "KmemCacheCreateRequest") {
    return Pick(random, {0, 0, 0x10, 0x1000, 0x2000, 0x8000, random.Below(1 << 17)});
  }
  if (field == "frame_number_slot") return random.Below(4) == 0 ? 0 : kFirstBlockSlot + random.Below(kBlockSlots);
  if (absl::EndsWith(field, "_slot")) return random.Below(40) == 0 ? random.Below(24) : 0;
  if (field == "pid") return random.Below(20) == 0 ? random.Below(40) : 0;
  if (field == "child_pid") return 0;
  // Now and then where the programs are that execve makes.
  if (absl::EndsWith(field, "address") && random.Below(6) == 0) return kImage + random.Below(16) * kPage;
  if (absl::EndsWith(field, "address")) {
    return random.Below(12) == 0 ? 0 : kArena + std::min(random.Below(64), random.Below(64)) * kPage;
  }
  if (field == "start") return kImage + random.Below(8) * kPage;
  if (field == "end") return kImage + (1 + random.Below(12)) * kPage;
  if (field == "start_brk") return random.Below(2) * 0x500000;
  if (absl::EndsWith(field, "_bytes"))
    return random.Below(24) * kPage + (random.Below(4) == 0 ? random.Below(kPage) : 0);
  if (field == "page_count") return random.Below(24);
  if (field == "prot") return random.Below(8);
  if (field == "advice") return Pick(random, {4, 4, 4, 10, 11, 18, 19, 22, 23, random.Below(30)});
  if (field == "fd" || field == "new_fd" || field == "minimum_fd") return std::min(random.Below(4), random.Below(9));
  if (field == "resource") return random.Below(17);
  if (field == "gfp_mask") return Pick(random, {0xcc0, 0x820, 0x2800, 0x100cca, 0xcc1, random.Below(1 << 23)});
  if (field == "order" && message == "FreePagesRequest") return random.Below(3);
  if (field == "order") return std::min(random.Below(12), random.Below(6));
  if (field == "frame_number") return random.Below(3) == 0 ? random.Below(1 << 14) : 0;
  if (field == "whence") return random.Below(6);
  if (field == "flags" && message == "MmapRequest") return DrawMmapFlags(random);
  if (field == "flags" && message == "MremapRequest") return random.Below(8);
  if (field == "flags" && message == "ImageMapping")
    return random.Below(20) == 0 ? random.Below(16) : 1 + random.Below(2);
  if (field == "flags" && message == "OpenRequest") {
    return Pick(random, {0, 2, 2, 0102, 0102, 01002, 02002, 010000000, 02000002, 1});
  }
  if (field == "flags" && message == "CloneRequest") return Pick(random, {0, 0x100, 0x4100, 0x10f00, 0x400, 0x8000});
  return random.Below(16);
}

// A cache, most of them made by the calls themselves.
std::string DrawCacheName(Random& random) {
  static constexpr const char* kNames[] = {"cell",   "cell",           "row",  "heap",   "kmalloc-64", "kmalloc-8k",
                                           "dentry", "vm_area_struct", "cred", "nothing"};
  return random.Below(5) == 0 ? "" : kNames[random.Below(std::size(kNames))];
}

std::string DrawText(Random& random) {
  static constexpr const char* kTexts[] = {"/a",        "/a", "/b", "/dev/shm/c", "/dev/zero",
                                           "/lib/d.so", "/",  "",   "e",          "[stack]"};
  const std::uint64_t draw = random.Below(40);
  if (draw == 0) return std::string(random.Below(5000), 'x');
  if (draw == 1) return absl::StrCat("/", std::string(random.Below(300), 'y'));
  return kTexts[random.Below(std::size(kTexts))];
}

void FillField(Random& random, Message& message, const FieldDescriptor* field);

void FillMessage(Random& random, Message& message) {
  const google::protobuf::Descriptor* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    // Where a call runs is not the machine's business.
    if (field->name() == "target") continue;
    const std::uint64_t odds = field->containing_oneof() != nullptr || field->is_repeated() ? 3 : 30;
    if (random.Below(odds) == 0) continue;
    FillField(random, message, field);
  }
}

void FillRepeated(Random& random, Message& message, const FieldDescriptor* field) {
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
  for (std::uint64_t count = random.Below(4); count > 0; --count) {
    FillMessage(random, *message.GetReflection()->AddMessage(&message, field));
  }
}

void FillField(Random& random, Message& message, const FieldDescriptor* field) {
  if (field->is_repeated()) return FillRepeated(random, message, field);
  const Reflection& reflection = *message.GetReflection();
  const std::uint64_t number = DrawNumber(random, message.GetDescriptor()->name(), field->name());
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, field, number);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, field, static_cast<std::uint32_t>(number));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, field, static_cast<std::int64_t>(number));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, field, static_cast<std::int32_t>(number));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, field, number % 2 == 0);
    case FieldDescriptor::CPPTYPE_ENUM: {
      // Sometimes one more than there are.
      const int values = field->enum_type()->value_count() + (random.Below(10) == 0 ? 1 : 0);
      return reflection.SetEnumValue(&message, field, static_cast<int>(random.Below(values)));
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(
          &message, field,
          absl::StartsWith(message.GetDescriptor()->name(), "KmemCache") ? DrawCacheName(random) : DrawText(random));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillMessage(random, *reflection.MutableMessage(&message, field));
    default:
      return;
  }
}

// From low to high, often at either end or close to it, and rarely one beyond.
std::uint64_t DrawWithin(Random& random, std::uint64_t low, std::uint64_t high) {
  const std::uint64_t count = high - low + 1;
  switch (random.Below(6)) {
    case 0:
      return random.Below(60) == 0 ? low - 1 : low;
    case 1:
      return random.Below(60) == 0 ? high + 1 : high;
    case 2:
      return high - random.Below(std::min<std::uint64_t>(count, 64));
    default:
      return low + random.Below(count);
  }
}

// The same operation with another argument here and there, as the wire may make of it.
std::string Damage(Random& random, std::string bytes) {
  if (bytes.empty() || random.Below(4) == 0) {
    bytes.assign(random.Below(40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    return bytes;
  }
  for (std::uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
    bytes[random.Below(bytes.size())] ^= static_cast<char>(1U << random.Below(8));
  }
  return bytes;
}

}  // namespace

namespace {

// Neither on a CPU that it names, nor several CPUs.
v1::Call DrawCallForALane(Random& random) {
  v1::Call call;
  const google::protobuf::OneofDescriptor* operations = v1::Call::descriptor()->FindOneofByName("operation");
  const int operation = static_cast<int>(random.Below(operations->field_count()));
  FillField(random, call, operations->field(operation));
  // Most is what a program mostly does.
  if (random.Below(3) != 0) {
    static constexpr const char* kUsual[] = {"mmap",
                                             "mmap",
                                             "mprotect",
                                             "mremap",
                                             "munmap",
                                             "madvise",
                                             "touch",
                                             "touch",
                                             "touch",
                                             "touch",
                                             "open",
                                             "open",
                                             "write",
                                             "spawn",
                                             "fork",
                                             "clone",
                                             "brk",
                                             "ftruncate",
                                             "execve",
                                             "alloc_pages",
                                             "kmalloc",
                                             "krealloc",
                                             "kfree",
                                             "kmem_cache_create",
                                             "kmem_cache_alloc",
                                             "kmem_cache_alloc",
                                             "kmem_cache_free",
                                             "kmem_cache_alloc_bulk",
                                             "kmem_cache_free_bulk"};
    call.Clear();
    FillField(random, call, v1::Call::descriptor()->FindFieldByName(kUsual[random.Below(std::size(kUsual))]));
  }
  const std::string name = call.GetReflection()->GetOneofFieldDescriptor(call, operations)->name();
  if (name == "spawn" || name == "clone" || absl::EndsWith(name, "fork")) {
    call.set_store_as(static_cast<std::uint32_t>(kFirstPidSlot + random.Below(kPidSlots)));
  } else if (name == "alloc_pages") {
    call.set_store_as(static_cast<std::uint32_t>(kFirstBlockSlot + random.Below(kBlockSlots)));
  } else if (name == "kmalloc" || name == "kzalloc" || name == "krealloc" || name == "kmem_cache_alloc") {
    call.set_store_as(static_cast<std::uint32_t>(kFirstObjectSlot + random.Below(kObjectSlots)));
  } else if (random.Below(20) == 0) {
    call.set_store_as(static_cast<std::uint32_t>(random.Below(4) == 0 ? DrawOddNumber(random) : random.Below(24)));
  }
  return call;
}

// Lanes that may be, if the machine has the CPUs.
void FillLanes(Random& random, v1::ConcurrentRequest& concurrent) {
  concurrent.clear_lanes();
  const std::uint64_t lanes = 1 + random.Below(random.Below(4) == 0 ? kManyCpus : kFewCpus);
  const std::uint64_t first = random.Below(3);
  for (std::uint64_t i = 0; i < lanes; ++i) {
    v1::Lane& lane = *concurrent.add_lanes();
    lane.set_cpu(static_cast<std::uint32_t>((first + i) % lanes));
    for (std::uint64_t calls = random.Below(6); calls > 0; --calls) {
      v1::Call call = DrawCallForALane(random);
      if (!call.has_concurrent() && !call.has_advance_time()) lane.add_calls()->Swap(&call);
    }
  }
}

}  // namespace

v1::Call DrawCall(Random& random) {
  v1::Call call = DrawCallForALane(random);
  if (random.Below(20) == 0) call.mutable_concurrent();
  // Else lanes with anything in them, most of which are refused.
  if (call.has_concurrent() && random.Below(8) != 0) FillLanes(random, *call.mutable_concurrent());
  if (random.Below(2) == 0) {
    call.set_cpu(static_cast<std::uint32_t>(random.Below(random.Below(40) == 0 ? kManyCpus : kFewCpus)));
  }
  return call;
}

namespace {

// A file's code and data, and memory of each kind without a file, four pages of each.
void AddImage(v1::ExecveRequest& execve) {
  struct Part {
    const char* path;
    std::uint64_t prot;
    std::uint64_t flags;
  };
  static constexpr Part kParts[] = {{"/bin/program", 5, 2}, {"/bin/program", 3, 2}, {"", 3, 2}, {"", 1, 1}};
  std::uint64_t at = kImage;
  for (const Part& part : kParts) {
    v1::ImageMapping& mapping = *execve.add_mappings();
    mapping.set_start(at);
    at += 4 * kPage;
    mapping.set_end(at);
    mapping.set_prot(part.prot);
    mapping.set_flags(part.flags);
    mapping.set_path(part.path);
  }
}

}  // namespace

std::vector<v1::Call> DrawCalls(std::uint64_t seed, int count) {
  Random random(seed);
  std::vector<v1::Call> calls(kPidSlots + 2);
  for (std::uint32_t i = 0; i < kPidSlots; ++i) {
    calls[i].mutable_spawn()->set_comm("spawned");
    calls[i].set_store_as(kFirstPidSlot + i);
  }
  calls[kPidSlots].mutable_execve()->set_pid(2);
  calls[kPidSlots].mutable_execve()->set_path("/bin/program");
  if (seed % 3 == 1) AddImage(*calls[kPidSlots].mutable_execve());
  v1::MmapRequest& mmap = *calls[kPidSlots + 1].mutable_mmap();
  mmap.set_pid(2);
  mmap.set_address(kArena);
  mmap.set_length_bytes(16 * kPage);
  mmap.set_prot(3);
  mmap.set_flags(0x32);
  for (int i = 0; i < count; ++i) calls.push_back(DrawCall(random));
  return calls;
}

std::vector<v1::Call> DrawDamagedCalls(std::uint64_t seed, int count) {
  // It reports every text that is not UTF-8.
  const google::protobuf::LogSilencer silencer;
  Random random(seed);
  std::vector<v1::Call> calls = DrawCalls(seed, 0);
  for (int i = 0; i < count; ++i) {
    v1::Call damaged;
    if (damaged.ParseFromString(Damage(random, DrawCall(random).SerializeAsString()))) calls.push_back(damaged);
  }
  return calls;
}

MachineSpec DrawSpec(Random& random, ByteCount most_memory) {
  MachineSpec spec;
  spec.cpu_count = static_cast<std::uint32_t>(DrawWithin(random, 1, MachineSpec::kMaxCpus));
  const std::uint64_t least_mib = MachineSpec::kMinMemory.value() >> 20;
  const std::uint64_t most_mib = most_memory.value() >> 20;
  // Where machines are large, most are small all the same.
  const std::uint64_t mib =
      DrawWithin(random, least_mib, random.Below(3) == 0 ? most_mib : std::min(most_mib, 64 + least_mib));
  spec.memory = ByteCount(mib << 20);
  const std::uint64_t most_reserved = ToPages(spec.memory).value() / 4 * 3;
  if (random.Below(2) == 0) spec.reserved = ToBytes(PageCount(DrawWithin(random, 0, most_reserved)));
  spec.seed = random.Next();
  spec.address_randomization = random.Below(2) == 0 ? AddressRandomization::kOn : AddressRandomization::kOff;
  Sysctls& sysctls = spec.sysctls;
  sysctls.overcommit_memory = static_cast<OvercommitPolicy>(random.Below(3));
  sysctls.overcommit_ratio = static_cast<std::int32_t>(DrawWithin(random, 0, 1000));
  if (random.Below(4) == 0) sysctls.overcommit_kbytes = random.Next() >> random.Below(64);
  sysctls.max_map_count = static_cast<std::uint32_t>(DrawWithin(random, 1, random.Below(2) == 0 ? 64 : INT32_MAX));
  sysctls.mmap_min_addr = ByteCount(DrawWithin(random, 0, 1ULL << 30));
  if (random.Below(2) == 0) sysctls.min_free_kbytes = DrawWithin(random, 0, spec.memory.value() / 4 / 1024);
  sysctls.watermark_scale_factor = static_cast<std::uint32_t>(DrawWithin(random, 1, 3000));
  if (random.Below(4) == 0) sysctls.user_reserve_kbytes = random.Next() >> random.Below(64);
  if (random.Below(4) == 0) sysctls.admin_reserve_kbytes = random.Next() >> random.Below(64);
  return spec;
}

std::unique_ptr<Machine> MachineOfSeed(std::uint64_t seed) {
  // One in four is any small machine that boots.
  Random random(seed);
  while (seed % 4 == 3) {
    absl::StatusOr<std::unique_ptr<Machine>> drawn = Machine::Create(DrawSpec(random, ByteCount(256ULL << 20)));
    if (drawn.ok()) return std::move(*drawn);
  }
  MachineSpec spec;
  spec.memory = ByteCount((16 + seed % 3 * 24) << 20);
  spec.cpu_count = seed % 5 < 2 ? kManyCpus : kFewCpus;
  spec.seed = seed;
  spec.address_randomization = seed % 2 == 0 ? AddressRandomization::kOn : AddressRandomization::kOff;
  spec.sysctls.overcommit_memory = static_cast<OvercommitPolicy>(seed % 5 % 3);
  if (seed % 7 == 0) spec.sysctls.max_map_count = 20;
  absl::StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(spec);
  MEMSIM_CHECK(machine.ok());
  return std::move(*machine);
}

std::string Paste(std::uint64_t seed, const std::vector<v1::Call>& calls) {
  std::string text = absl::StrCat("EXPECT_TRUE(Survives(", seed, ", ParseCalls({\n");
  for (const v1::Call& call : calls) absl::StrAppend(&text, "    R\"(", call.ShortDebugString(), ")\",\n");
  return text + "})));\n";
}

std::vector<v1::Call> ParseCalls(const std::vector<std::string>& texts) {
  std::vector<v1::Call> calls(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    MEMSIM_CHECK(google::protobuf::TextFormat::ParseFromString(texts[i], &calls[i]), i);
  }
  return calls;
}

}  // namespace memsim
