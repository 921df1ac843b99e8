#include "client/replay/client_machine.h"

#include <iterator>
#include <utility>

#include "client/library/errors.h"

namespace memsim::replay {

ClientMachine::ClientMachine(client::Client& client, std::string name, AtEnd at_end, const client::CallOptions& options)
    : client_(client), name_(std::move(name)), at_end_(at_end), options_(options) {}

absl::StatusOr<std::unique_ptr<ClientMachine>> ClientMachine::Create(client::Client& client, const MachineShape& shape,
                                                                     const client::CallOptions& options) {
  absl::StatusOr<v1::Machine> machine = client.CreateMachine("", shape.ToSpec(), "", options);
  if (!machine.ok()) return machine.status();
  return std::unique_ptr<ClientMachine>(new ClientMachine(client, machine->name(), AtEnd::kDelete, options));
}

absl::StatusOr<std::unique_ptr<ClientMachine>> ClientMachine::Use(client::Client& client, const std::string& name,
                                                                  const client::CallOptions& options) {
  absl::StatusOr<v1::Machine> machine = client.GetMachine(name, v1::MACHINE_VIEW_BASIC, options);
  if (!machine.ok()) return machine.status();
  return std::unique_ptr<ClientMachine>(new ClientMachine(client, machine->name(), AtEnd::kLeave, options));
}

ClientMachine::~ClientMachine() {
  // A machine that cannot be deleted is not the replay's worry: its report stands, and the server's list shows the
  // machine. It has the client's own deadline: one too short for a batch would leave the machine behind.
  if (at_end_ == AtEnd::kDelete) client_.DeleteMachine(name_).IgnoreError();
}

absl::StatusOr<std::vector<v1::Answer>> ClientMachine::Execute(absl::Span<const v1::Call> calls) {
  absl::StatusOr<v1::ExecuteBatchResponse> response = client_.ExecuteBatch(name_, calls, {}, options_);
  if (!response.ok()) return response.status();
  return std::vector<v1::Answer>(std::make_move_iterator(response->mutable_answers()->begin()),
                                 std::make_move_iterator(response->mutable_answers()->end()));
}

absl::StatusOr<std::string> ClientMachine::ReadProc(absl::string_view path) {
  absl::StatusOr<v1::ReadProcResponse> response = client_.ReadProc(name_, path, options_);
  if (response.ok()) return std::move(*response->mutable_content());
  const bool no_such_file = client::ErrorReasonOf(response.status()) == v1::ERROR_REASON_PROC_PATH_NOT_FOUND;
  // NOT_FOUND is also what a machine that is gone answers, and that is a failure.
  if (absl::IsNotFound(response.status()) && !no_such_file) return absl::AbortedError(response.status().message());
  return response.status();
}

}  // namespace memsim::replay
