#include "client/replay/compare_result.h"

#include <utility>

#include "client/replay/answer_text.h"

namespace memsim::replay {

void CompareResult(ReplaySession& session, const ArgumentReader& arguments, const TraceLine& line, v1::Call call) {
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  session.Compare(std::move(call), KernelResultText(line.result), ResultText);
}

}  // namespace memsim::replay
