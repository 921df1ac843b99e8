#include "server/kernel/procfs/event_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "server/base/check.h"
#include "server/base/units.h"
#include "server/kernel/physical/block_arithmetic.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/procfs/gfp_text.h"

namespace memsim {
namespace {

// VMEMMAP_START without KASLR, and the size of struct page.
constexpr std::uint64_t kVmemmap = 0xffffea0000000000;
constexpr std::uint64_t kPageStructSize = 64;
// IS_ERR_VALUE.
constexpr std::uint64_t kLowestError = static_cast<std::uint64_t>(-4095);

std::string Hex(std::uint64_t value) { return absl::StrCat(absl::Hex(value)); }
std::string Signed(std::uint64_t value) { return absl::StrCat(static_cast<std::int64_t>(value)); }
std::string Pointer(std::uint64_t value) { return absl::StrCat("0x", absl::Hex(value)); }
bool HasFrame(std::uint64_t pfn) { return pfn != kNoPage.value(); }

std::string Plain(absl::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
  return plain ? std::string(text) : absl::CHexEscape(text);
}

// --- How a field is written. Each takes the field's value.
std::string Page(std::uint64_t pfn) { return Pointer(HasFrame(pfn) ? kVmemmap + pfn * kPageStructSize : 0); }
std::string Frame(std::uint64_t pfn) { return Hex(HasFrame(pfn) ? pfn : 0); }
// As syscalls are: at least eight digits.
std::string Argument(std::uint64_t value) { return absl::StrCat(absl::Hex(value, absl::kZeroPad8)); }
std::string Address(std::uint64_t value) { return Hex(value >= kLowestError ? 0 : value); }
std::string Error(std::uint64_t value) { return Signed(value >= kLowestError ? value : 0); }
std::string Bool(std::uint64_t value) { return value != 0 ? "true" : "false"; }
std::string Accounted(std::uint64_t gfp) { return Bool(gfp & kGfpAccount); }
std::string PageblockOrder(std::uint64_t /*value*/) { return absl::StrCat(kPageblockOrder.value()); }
std::string Fragmenting(std::uint64_t fallback_order) { return fallback_order < kPageblockOrder.value() ? "1" : "0"; }
// Who asked: a Call, or the kernel itself, where Linux has the address of an instruction.
std::string Site(std::uint64_t by_caller) { return by_caller != 0 ? "caller" : "kernel"; }
// enum of mm_types_task.h.
std::string Rss(std::uint64_t member) {
  constexpr std::array<const char*, 4> kNames = {"MM_FILEPAGES", "MM_ANONPAGES", "MM_SWAPENTS", "MM_SHMEMPAGES"};
  return member < kNames.size() ? kNames[member] : Hex(member);
}
// enum tlb_flush_reason.
std::string FlushReason(std::uint64_t reason) {
  constexpr std::array<const char*, 6> kNames = {"flush on task switch", "remote shootdown", "local shootdown",
                                                 "local MM shootdown",   "remote IPI send",  "remote wrong CPU"};
  return reason < kNames.size() ? kNames[reason] : Hex(reason);
}
// 0, or the bit of EXIT_DEAD or EXIT_ZOMBIE.
std::string State(std::uint64_t state) { return state == 0 ? "R" : state == 0x10 ? "X" : "Z"; }

struct Writing {
  absl::string_view name;
  std::string (*write)(std::uint64_t value);
  // Whether it tells something that follows from the field, and not the field.
  bool derived;
};

constexpr Writing kWritings[] = {
    {"", Signed, false},
    {"x", Hex, false},
    {"p", Pointer, false},
    {"argument", Argument, false},
    {"pfn", Frame, false},
    {"page", Page, true},
    {"gfp", GfpText, false},
    {"accounted", Accounted, true},
    {"bool", Bool, false},
    {"rss", Rss, false},
    {"flush", FlushReason, true},
    {"state", State, false},
    {"site", Site, false},
    {"address", Address, false},
    {"err", Error, true},
    {"fragmenting", Fragmenting, true},
    {"pageblock_order", PageblockOrder, true},
    // Texts: the number of a string.
    {"s", nullptr, false},
    {"path", nullptr, false},
};

const Writing& WritingNamed(absl::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kWritings), std::end(kWritings), [name](const Writing& w) { return w.name == name; });
  // A slip of the registry's, found by the first test that shows the tracepoint.
  MEMSIM_CHECK(found != std::end(kWritings), name.size());
  return *found;
}

// A text's part: words, and the field after them.
struct Piece {
  std::string words;
  // None: the text ends with the words.
  const Writing* writing = nullptr;
  std::size_t field = 0;
};

std::vector<Piece> Parse(Tracepoint point) {
  const std::vector<absl::string_view> names = TracepointFields(point);
  const std::string text = TracepointText(point);
  absl::string_view left = text;
  std::vector<Piece> pieces;
  while (!left.empty()) {
    Piece& piece = pieces.emplace_back();
    const std::size_t open = left.find('{');
    piece.words = std::string(left.substr(0, open));
    if (open == absl::string_view::npos) break;
    const std::size_t close = left.find('}');
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(left.substr(open + 1, close - open - 1), absl::MaxSplits(':', 1));
    const auto place = std::find(names.begin(), names.end(), field.first);
    MEMSIM_CHECK(place != names.end(), static_cast<unsigned>(point));
    piece.field = static_cast<std::size_t>(place - names.begin());
    piece.writing = &WritingNamed(field.second);
    left.remove_prefix(close + 1);
  }
  return pieces;
}

const std::vector<Piece>& PiecesOf(Tracepoint point) {
  static const auto* const kPieces = [] {
    auto* const all = new std::array<std::vector<Piece>, kTracepointCount>();
    ForEachTracepoint([all](Tracepoint each) { (*all)[static_cast<std::size_t>(each)] = Parse(each); });
    return all;
  }();
  return (*kPieces)[static_cast<std::size_t>(point)];
}

std::string Write(const TraceBatch& batch, const Writing& writing, std::uint64_t value) {
  if (writing.write != nullptr) return writing.write(value);
  const std::string text = Plain(batch.strings[value]);
  return writing.name == "path" ? absl::StrCat("\"", text, "\"") : text;
}

bool IsPath(absl::string_view field) {
  return field == "filename" || field == "pathname" || field == "oldname" || field == "newname" || field == "uname";
}

}  // namespace

std::vector<absl::string_view> TracepointFields(Tracepoint point) {
  return absl::StrSplit(InfoOf(point).fields, ' ', absl::SkipEmpty());
}

std::string TracepointText(Tracepoint point) {
  if (!InfoOf(point).text.empty()) return std::string(InfoOf(point).text);
  return absl::StrJoin(TracepointFields(point), ", ", [](std::string* text, absl::string_view field) {
    absl::StrAppend(text, field, IsPath(field) ? ": {" : ": 0x{", field, IsPath(field) ? ":path}" : ":argument}");
  });
}

std::string EventText(const TraceBatch& batch, const TraceRecord& record) {
  std::string text;
  for (const Piece& piece : PiecesOf(record.point)) {
    text += piece.words;
    if (piece.writing != nullptr) text += Write(batch, *piece.writing, record.fields[piece.field]);
  }
  return text;
}

std::string EventComm(const TraceBatch& batch, const TraceRecord& record) { return Plain(batch.strings[record.comm]); }

std::vector<EventField> EventFields(const TraceBatch& batch, const TraceRecord& record) {
  std::vector<EventField> fields;
  for (const absl::string_view name : TracepointFields(record.point)) {
    // What no text shows is a pointer.
    fields.push_back({name, Pointer(record.fields[fields.size()])});
  }
  for (const Piece& piece : PiecesOf(record.point)) {
    if (piece.writing == nullptr || piece.writing->derived) continue;
    const absl::string_view base = absl::EndsWith(piece.words, "0x") ? "0x" : "";
    fields[piece.field].value = absl::StrCat(base, Write(batch, *piece.writing, record.fields[piece.field]));
  }
  return fields;
}

}  // namespace memsim
