#include "server/rpc/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status CannotListen(const std::string& address, int error) {
  const char* remedy =
      error == EADDRINUSE ? "stop the server that does, or choose another address" : "choose another address";
  return absl::UnavailableError(absl::StrCat("cannot listen at ", address, ": ", std::strerror(error), "; ", remedy));
}

absl::Status CheckUnix(const std::string& address, const std::string& path) {
  sockaddr_un name = {};
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of ", address, " must have 1 to ", sizeof(name.sun_path) - 1, " characters"));
  }
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return errno == ENOENT ? absl::OkStatus() : CannotListen(address, errno);
  if (!S_ISSOCK(status.st_mode)) return CannotListen(address, EEXIST);
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, path.size());
  const Socket probe(AF_UNIX);
  if (connect(probe.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return CannotListen(address, EADDRINUSE);
  }
  switch (errno) {
    case ECONNREFUSED:  // The socket of a server that is no more, which gRPC replaces.
    case ENOENT:        // It has gone since.
      return absl::OkStatus();
    case EAGAIN:  // Somebody listens who has as many connections waiting as may be.
      return CannotListen(address, EADDRINUSE);
    default:
      return CannotListen(address, errno);
  }
}

absl::Status CheckBind(const std::string& address, const addrinfo& info) {
  const Socket probe(info.ai_family);
  const int on = 1;
  // As gRPC does: connections that linger from the last server do not matter.
  setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(probe.fd(), info.ai_addr, info.ai_addrlen) != 0) return CannotListen(address, errno);
  // bind alone lets two sockets share a port that nobody listens at yet.
  if (listen(probe.fd(), 1) != 0) return CannotListen(address, errno);
  return absl::OkStatus();
}

absl::Status CheckTcp(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the address ", address, " must be HOST:PORT or unix:PATH"));
  }
  std::string host = address.substr(0, colon);
  std::uint32_t port = 0;
  if (!absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("the port of ", address, " must be 0 to 65535"));
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the address ", address, " must be HOST:PORT or unix:PATH: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> infos(found, freeaddrinfo);
  return CheckBind(address, *infos);
}

}  // namespace

absl::Status CheckListenAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return CheckUnix(address, std::string(absl::StripPrefix(address, "unix:")));
  return CheckTcp(address);
}

}  // namespace memsim
