// MachineTwin's pages and files.

#include <algorithm>

#include "server/kernel/physical/gfp.h"
#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;

std::string Differ(absl::string_view call, const SlowAnswer& got, const SlowAnswer& expected) {
  if (got == expected) return "";
  return absl::StrCat(call, ": ", ErrnoName(got.error), " ", got.value, ", expected ", ErrnoName(expected.error), " ",
                      expected.value);
}

SlowAnswer AnswerOf(const ErrnoOr<int>& result) {
  return result.ok() ? SlowAnswer{Errno::kOk, static_cast<std::uint64_t>(*result)} : SlowAnswer{result.error()};
}

SlowAnswer AnswerOf(const ErrnoOr<ByteCount>& result) {
  return result.ok() ? SlowAnswer{Errno::kOk, result->value()} : SlowAnswer{result.error()};
}

}  // namespace

std::string MachineTwin::TakeBlock(std::uint64_t frame, std::uint32_t order) {
  const std::uint64_t pages = 1ULL << order;
  if (frame % pages != 0) return absl::StrCat("alloc_pages: block ", frame, " of order ", order, " is not aligned");
  if (frame + pages > (program_.memory_mib << 20) / kPage) return "alloc_pages: block beyond the memory";
  for (const SlowBlock& block : blocks_) {
    if (!block.taken || frame + pages <= block.frame || block.frame + (1ULL << block.order) <= frame) continue;
    return absl::StrCat("alloc_pages: frame ", frame, " was taken");
  }
  blocks_.push_back({frame, order, true});
  return "";
}

std::string MachineTwin::AllocPages(const MachineOperation& op) {
  const GfpMask gfp = kGfpChoices[op.b % std::size(kGfpChoices)];
  const auto order = static_cast<std::uint32_t>(op.a);
  const ErrnoOr<PageFrameNumber> frame = machine_.AllocPages(gfp, order);
  if (order > 10) return frame.error() == Errno::kInval ? "" : "alloc_pages: an order above 10 is EINVAL";
  if (frame.ok()) return TakeBlock(frame->value(), order);
  if (frame.error() != Errno::kNoMem) return absl::StrCat("alloc_pages: ", ErrnoName(frame.error()));
  // Memory is in pieces sooner or later; of small blocks there must be some as long as memory is not short.
  const bool special_zone = (gfp & kGfpDma) != 0;
  return order == 0 && !special_zone && !MemoryIsShort() ? "alloc_pages: ENOMEM with memory left" : "";
}

std::string MachineTwin::GetZeroedPage(const MachineOperation& op) {
  const GfpMask gfp = kGfpChoices[op.b % std::size(kGfpChoices)];
  const ErrnoOr<VirtualAddress> address = machine_.GetZeroedPage(gfp);
  if (!address.ok()) return MemoryIsShort() || (gfp & kGfpDma) != 0 ? "" : "get_zeroed_page: ENOMEM with memory left";
  const std::optional<PageFrameNumber> frame = machine_.machine().DirectMapFrame(*address);
  return frame.has_value() ? TakeBlock(frame->value(), 0) : "get_zeroed_page: not in the direct map";
}

std::string MachineTwin::FreePages(const MachineOperation& op) {
  if (blocks_.empty()) return "";
  const SlowBlock& chosen = blocks_[op.a % blocks_.size()];
  const std::uint64_t frame = chosen.frame + (op.b & 0xff);
  const auto order = chosen.order + static_cast<std::uint32_t>(op.b >> 8);
  const auto holder = std::find_if(blocks_.begin(), blocks_.end(), [frame](const SlowBlock& block) {
    return block.taken && block.frame <= frame && frame < block.frame + (1ULL << block.order);
  });
  const std::optional<FreeRefusal> refusal = machine_.FreePages(PageFrameNumber(frame), order);
  if (holder == blocks_.end()) {
    // Free, or somebody else's by now, or beyond the memory.
    const bool refused = refusal == FreeRefusal::kAlreadyFree || refusal == FreeRefusal::kInUse ||
                         (refusal == FreeRefusal::kNoSuchFrame && (op.b & 0xff) != 0);
    return refused ? "" : "free_pages: took what nobody had taken";
  }
  std::optional<FreeRefusal> expected;
  if (holder->frame != frame) {
    expected = FreeRefusal::kNotBlockStart;
  } else if (holder->order != order) {
    expected = FreeRefusal::kWrongOrder;
  }
  if (refusal != expected) {
    return absl::StrCat("free_pages: refusal ", refusal ? static_cast<int>(*refusal) : -1, ", expected ",
                        expected ? static_cast<int>(*expected) : -1);
  }
  if (!refusal.has_value()) holder->taken = false;
  return "";
}

std::string MachineTwin::Write(const MachineOperation& op, Caller caller) {
  SlowTable& table = *caller.process.table;
  const int fd = static_cast<int>(op.a);
  std::optional<std::uint64_t> offset;
  if (op.b != 0) offset = (op.b - 1) * kPage / 2;
  const std::uint64_t limit = (*caller.process.limits)[Resource::kFsize].current;
  const auto file = SlowFiles::Get(table, fd);
  const SlowInode before = file == nullptr ? SlowInode() : *file->inode;
  const std::uint64_t position = file == nullptr ? 0 : file->position;
  // The first half of what is written, so that the rest is zeros.
  constexpr std::uint64_t kMostData = 5000;
  const std::string data = op.place % 2 == 0 ? "" : BytesOf(op, std::min(kMostData, op.pages * kPage / 2));
  const SlowAnswer expected = SlowFiles::Write(table, limit, fd, op.pages * kPage, offset, data);
  const SlowAnswer answer =
      AnswerOf(machine_.Write(caller.pid, fd, ByteCount(op.pages * kPage),
                              offset.has_value() ? std::optional<ByteCount>(ByteCount(*offset)) : std::nullopt, data));
  if (answer == expected) return "";
  const bool less = expected.error == Errno::kOk && (answer.error == Errno::kNoMem || answer.value < expected.value);
  if (!less || !MemoryIsShort()) return Differ("write", answer, expected);
  // As far as memory went.
  *file->inode = before;
  file->position = position;
  if (answer.error == Errno::kOk) SlowFiles::Write(table, limit, fd, answer.value, offset, data);
  return "";
}

std::string MachineTwin::Read(const MachineOperation& op, Caller caller) {
  SlowTable& table = *caller.process.table;
  const int fd = static_cast<int>(op.a);
  std::optional<std::uint64_t> offset;
  if (op.b != 0) offset = (op.b - 1) * kPage / 2;
  const auto file = SlowFiles::Get(table, fd);
  const std::uint64_t position = file == nullptr ? 0 : file->position;
  std::string expected_bytes;
  const SlowAnswer expected = SlowFiles::Read(table, fd, op.pages, offset, expected_bytes);
  std::string bytes;
  const SlowAnswer answer =
      AnswerOf(machine_.Read(caller.pid, fd, ByteCount(op.pages),
                             offset.has_value() ? std::optional<ByteCount>(ByteCount(*offset)) : std::nullopt, bytes));
  if (answer == expected) return bytes == expected_bytes ? "" : "read: other bytes than were written";
  const bool less = expected.error == Errno::kOk && (answer.error == Errno::kNoMem || answer.value < expected.value);
  if (!less || !MemoryIsShort()) return Differ("read", answer, expected);
  if (!offset.has_value()) file->position = position + answer.value;
  return expected_bytes.substr(0, answer.value) == bytes ? "" : "read: other bytes than were written";
}

std::string MachineTwin::RunFileOperation(const MachineOperation& op, Caller caller) {
  SlowTable& table = *caller.process.table;
  const ResourceLimits& limits = *caller.process.limits;
  const std::uint64_t descriptors = limits[Resource::kNofile].current;
  const int fd = static_cast<int>(op.a);
  const std::string path = kPaths[op.a % kPathCount];
  switch (op.kind) {
    case Kind::kMknod: {
      const auto kind = static_cast<FileKind>(op.b % 7);
      return Differ("mknod", {machine_.Mknod(path, kind, ByteCount(op.pages * kPage + op.place))},
                    {files_.Mknod(path, kind, op.pages * kPage + op.place)});
    }
    case Kind::kOpen: {
      const std::uint32_t flags = kOpenChoices[op.b % std::size(kOpenChoices)];
      const SlowAnswer expected = files_.Open(table, descriptors, path, flags);
      for (auto& [pid, process] : processes_) {
        if (!process.zombie) process.memory->DropBehindEnds();
      }
      return Differ("open", AnswerOf(machine_.Open(caller.pid, path, flags)), expected);
    }
    case Kind::kClose:
      return Differ("close", {machine_.Close(caller.pid, fd)}, {SlowFiles::Close(table, fd)});
    case Kind::kDup: {
      std::optional<int> onto;
      if (op.b != 0) onto = static_cast<int>(op.b) - 1;
      const auto flags = static_cast<std::uint32_t>(op.pages);
      return Differ("dup", AnswerOf(machine_.Dup(caller.pid, fd, onto, 0, flags)),
                    SlowFiles::Dup(table, descriptors, fd, onto, flags));
    }
    case Kind::kFtruncate: {
      const std::uint64_t size = op.pages * kPage + op.b;
      const Errno expected = SlowFiles::Truncate(table, limits[Resource::kFsize].current, fd, size);
      for (auto& [pid, process] : processes_) {
        if (!process.zombie) process.memory->DropBehindEnds();
      }
      return Differ("ftruncate", {machine_.Ftruncate(caller.pid, fd, ByteCount(size))}, {expected});
    }
    case Kind::kWrite:
      return Write(op, caller);
    case Kind::kRead:
      return Read(op, caller);
    case Kind::kLseek: {
      const std::int64_t offset = static_cast<std::int64_t>(op.pages * kPage) - 3 * static_cast<std::int64_t>(op.place);
      return Differ("lseek", AnswerOf(machine_.Lseek(caller.pid, fd, offset, static_cast<int>(op.b))),
                    SlowFiles::Seek(table, fd, offset, static_cast<int>(op.b)));
    }
    case Kind::kUnlink:
      return Differ("unlink", {machine_.Unlink(path)}, {files_.Unlink(path)});
    default: {
      const std::string to = kPaths[op.b % kPathCount];
      return Differ("rename", {machine_.Rename(path, to)}, {files_.Rename(path, to)});
    }
  }
}

}  // namespace memsim
