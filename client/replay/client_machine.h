// A machine of a server, for a replay.

#ifndef MEMSIM_CLIENT_REPLAY_CLIENT_MACHINE_H_
#define MEMSIM_CLIENT_REPLAY_CLIENT_MACHINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "client/library/client.h"
#include "client/replay/machine_shape.h"
#include "client/replay/replay_machine.h"

namespace memsim::replay {

class ClientMachine : public ReplayMachine {
 public:
  // A new machine of the shape, deleted with the object. The client must outlive it. The options are those of each RPC.
  static absl::StatusOr<std::unique_ptr<ClientMachine>> Create(client::Client& client, const MachineShape& shape,
                                                               const client::CallOptions& options);
  // A machine that exists, and stays. NOT_FOUND if it does not.
  static absl::StatusOr<std::unique_ptr<ClientMachine>> Use(client::Client& client, const std::string& name,
                                                            const client::CallOptions& options);

  ~ClientMachine() override;
  ClientMachine(const ClientMachine&) = delete;
  ClientMachine& operator=(const ClientMachine&) = delete;

  absl::StatusOr<std::vector<v1::Answer>> Execute(absl::Span<const v1::Call> calls) override;
  absl::StatusOr<std::string> ReadProc(absl::string_view path) override;

  const std::string& name() const { return name_; }

 private:
  enum class AtEnd : std::uint8_t { kDelete, kLeave };

  ClientMachine(client::Client& client, std::string name, AtEnd at_end, const client::CallOptions& options);

  client::Client& client_;
  const std::string name_;
  const AtEnd at_end_;
  const client::CallOptions options_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_CLIENT_MACHINE_H_
