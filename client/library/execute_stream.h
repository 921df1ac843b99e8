// A pipelined stream of batches: ExecutionService.Execute from the client's side.
//
// Answers come in the order of the batches. A caller that writes without reading is stopped by the transport's flow
// control once the server's answers pile up, so keep a bounded number of batches in flight (a handful hides the
// network), or read in another thread.
//
// Thread-compatible, and moreover one thread may write (Write, WritesDone) while another reads (Read). Finish comes
// last, alone.

#ifndef MEMSIM_CLIENT_LIBRARY_EXECUTE_STREAM_H_
#define MEMSIM_CLIENT_LIBRARY_EXECUTE_STREAM_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"

#include "memsim/v1/execution_service.pb.h"

namespace memsim::client {

class ExecuteStream {
 public:
  // Ends the stream if Finish was not called; what the server has not begun is dropped.
  virtual ~ExecuteStream() = default;

  // Sends a batch. The machine may be left empty after the stream's first batch. False: the stream is broken, and
  // Finish tells why.
  virtual bool Write(const v1::ExecuteBatchRequest& batch) = 0;
  // Says that no batch follows.
  virtual void WritesDone() = 0;
  // Waits for the next batch's answers. nullopt: there are no more, and Finish tells whether that is as it should be.
  virtual std::optional<v1::ExecuteBatchResponse> Read() = 0;
  // Says WritesDone if nobody did, reads and drops what was not read, and tells how the stream ended.
  virtual absl::Status Finish() = 0;
};

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_EXECUTE_STREAM_H_
