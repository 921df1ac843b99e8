#include "server/kernel/procfs/sys_huge_pages.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

#include "server/kernel/vm/layout.h"

namespace memsim {
namespace {

// "always [madvise] never".
template <typename Mode>
struct Choice {
  Mode mode;
  absl::string_view word;
};
template <typename Mode>
std::string Choices(absl::Span<const Choice<Mode>> choices, Mode chosen) {
  std::string text;
  for (const Choice<Mode>& choice : choices) {
    const bool is_chosen = choice.mode == chosen;
    absl::StrAppend(&text, text.empty() ? "" : " ", is_chosen ? "[" : "", choice.word, is_chosen ? "]" : "");
  }
  return text + "\n";
}

constexpr Choice<TransparentHugePages> kEnabled[] = {{TransparentHugePages::kAlways, "always"},
                                                     {TransparentHugePages::kMadvise, "madvise"},
                                                     {TransparentHugePages::kNever, "never"}};
constexpr Choice<HugePageDefrag> kDefrag[] = {{HugePageDefrag::kAlways, "always"},
                                              {HugePageDefrag::kDefer, "defer"},
                                              {HugePageDefrag::kDeferMadvise, "defer+madvise"},
                                              {HugePageDefrag::kMadvise, "madvise"},
                                              {HugePageDefrag::kNever, "never"}};

}  // namespace

std::optional<std::string> ReadSysHugePages(const ProcView& view, absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "kernel/mm/transparent_hugepage/")) return std::nullopt;
  if (path == "enabled") return Choices<TransparentHugePages>(kEnabled, view.spec.transparent_huge_pages);
  if (path == "defrag") return Choices<HugePageDefrag>(kDefrag, view.spec.huge_page_defrag);
  if (path == "hpage_pmd_size") return absl::StrCat(kPmdSize.value(), "\n");
  // Neither can be set.
  if (path == "use_zero_page") return "1\n";
  if (path == "shmem_enabled") return "always within_size advise [never] deny force\n";
  return std::nullopt;
}

}  // namespace memsim
