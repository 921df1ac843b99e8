#include "server/kernel/procfs/gfp_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "server/kernel/physical/gfp.h"

namespace memsim {
namespace {

struct GfpName {
  std::uint64_t bits;
  absl::string_view name;
};

// The order in which Linux looks for them: the combinations first, larger ones before those that they contain.
constexpr GfpName kGfpNames[] = {
    {kGfpTranshuge, "GFP_TRANSHUGE"},
    {kGfpTranshugeLight, "GFP_TRANSHUGE_LIGHT"},
    {kGfpHighuserMovable, "GFP_HIGHUSER_MOVABLE"},
    {kGfpUser | kGfpHighmem, "GFP_HIGHUSER"},
    {kGfpUser, "GFP_USER"},
    {kGfpKernelAccount, "GFP_KERNEL_ACCOUNT"},
    {kGfpKernel, "GFP_KERNEL"},
    {kGfpReclaim | kGfpIo, "GFP_NOFS"},
    {kGfpAtomic, "GFP_ATOMIC"},
    {kGfpReclaim, "GFP_NOIO"},
    {kGfpNowait, "GFP_NOWAIT"},
    {kGfpDma, "GFP_DMA"},
    {kGfpDma32, "GFP_DMA32"},
    {kGfpReclaim, "__GFP_RECLAIM"},
    {kGfpDma, "__GFP_DMA"},
    {kGfpHighmem, "__GFP_HIGHMEM"},
    {kGfpDma32, "__GFP_DMA32"},
    {kGfpMovableBit, "__GFP_MOVABLE"},
    {kGfpReclaimable, "__GFP_RECLAIMABLE"},
    {kGfpHigh, "__GFP_HIGH"},
    {kGfpIo, "__GFP_IO"},
    {kGfpFs, "__GFP_FS"},
    {kGfpZero, "__GFP_ZERO"},
    {kGfpDirectReclaim, "__GFP_DIRECT_RECLAIM"},
    {kGfpKswapdReclaim, "__GFP_KSWAPD_RECLAIM"},
    {kGfpWrite, "__GFP_WRITE"},
    {kGfpNowarn, "__GFP_NOWARN"},
    {kGfpRetryMayfail, "__GFP_RETRY_MAYFAIL"},
    {kGfpNofail, "__GFP_NOFAIL"},
    {kGfpNoretry, "__GFP_NORETRY"},
    {kGfpMemalloc, "__GFP_MEMALLOC"},
    {kGfpComp, "__GFP_COMP"},
    {kGfpNomemalloc, "__GFP_NOMEMALLOC"},
    {kGfpHardwall, "__GFP_HARDWALL"},
    {kGfpThisnode, "__GFP_THISNODE"},
    {kGfpAccount, "__GFP_ACCOUNT"},
};

}  // namespace

std::string GfpText(std::uint64_t gfp) {
  if (gfp == 0) return "none";
  std::string text;
  const auto append = [&text](absl::string_view part) { absl::StrAppend(&text, text.empty() ? "" : "|", part); };
  for (const GfpName& name : kGfpNames) {
    if ((gfp & name.bits) != name.bits) continue;
    gfp &= ~name.bits;
    append(name.name);
  }
  if (gfp != 0) append(absl::StrCat("0x", absl::Hex(gfp)));
  return text;
}

}  // namespace memsim
