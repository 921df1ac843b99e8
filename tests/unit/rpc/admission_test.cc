#include "server/rpc/admission.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

using std::chrono::steady_clock;

class CountingStream final : public DrainableStream {
 public:
  void Drain() override { ++drained; }
  int drained = 0;
};

TEST(PrincipalTest, ARoleHasTheRightsOfThoseBelowIt) {
  const Principal operator_{"someone", v1::ROLE_OPERATOR};
  EXPECT_EQ(Authorize(operator_, v1::ROLE_VIEWER, "/S/M"), absl::OkStatus());
  EXPECT_EQ(Authorize(operator_, v1::ROLE_OPERATOR, "/S/M"), absl::OkStatus());
  const absl::Status status = Authorize(operator_, v1::ROLE_OWNER, "/S/M");
  EXPECT_EQ(MisuseReason(status), v1::ERROR_REASON_ROLE_INSUFFICIENT);
  EXPECT_EQ(std::string(status.message()),
            "/S/M requires ROLE_OWNER, and someone has ROLE_OPERATOR; ask the server's owner for it");
}

TEST(AdmissionTest, DrainingShutsTheDoorAndTellsTheStreams) {
  Admission admission(v1::ROLE_OWNER);
  const auto stream = std::make_shared<CountingStream>();
  const auto removed = std::make_shared<CountingStream>();
  EXPECT_EQ(admission.AddStream(stream), absl::OkStatus());
  EXPECT_EQ(admission.AddStream(removed), absl::OkStatus());
  admission.RemoveStream(removed.get());
  EXPECT_EQ(admission.AddStream(std::make_shared<CountingStream>()), absl::OkStatus()) << "gone at once";
  EXPECT_EQ(admission.LetIn(), absl::OkStatus());
  admission.BeginDrain();
  EXPECT_EQ(MisuseReason(admission.LetIn()), v1::ERROR_REASON_SERVER_DRAINING);
  EXPECT_EQ(stream->drained, 1);
  EXPECT_EQ(removed->drained, 0);

  const auto late = std::make_shared<CountingStream>();
  EXPECT_EQ(admission.AddStream(late), absl::OkStatus());
  EXPECT_EQ(late->drained, 1);
}

TEST(AdmissionTest, StreamsHaveALimitAndRoomAgainWhenOneEnds) {
  Admission admission(v1::ROLE_OWNER);
  std::vector<std::shared_ptr<CountingStream>> streams;
  for (std::size_t i = 0; i < Admission::kMaxStreams; ++i) {
    streams.push_back(std::make_shared<CountingStream>());
    ASSERT_EQ(admission.AddStream(streams.back()), absl::OkStatus()) << i;
  }
  const auto late = std::make_shared<CountingStream>();
  const absl::Status refused = admission.AddStream(late);
  EXPECT_EQ(MisuseReason(refused), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_EQ(std::string(refused.message()),
            "16384 streams are open, which is as many as there may be; end one, or try again later");
  // Who was refused and ends takes no other one's place.
  admission.RemoveStream(late.get());
  EXPECT_FALSE(admission.AddStream(late).ok());
  admission.RemoveStream(streams[5].get());
  EXPECT_EQ(admission.AddStream(late), absl::OkStatus());
  admission.BeginDrain();
  EXPECT_EQ(late->drained, 1);
  EXPECT_EQ(streams[5]->drained, 0);
}

TEST(AdmissionTest, WaitingEndsWithTheLastRpcThatWasLetIn) {
  Admission admission(v1::ROLE_OWNER);
  EXPECT_TRUE(admission.AwaitLetIn(steady_clock::now()));
  for (int i = 0; i < 2; ++i) {
    admission.RpcBegins();
    EXPECT_EQ(admission.LetIn(), absl::OkStatus());
  }
  admission.RpcEnds(true);
  EXPECT_FALSE(admission.AwaitLetIn(steady_clock::now() + std::chrono::milliseconds(1)));
  admission.RpcEnds(true);
  EXPECT_TRUE(admission.AwaitLetIn(steady_clock::now()));
}

TEST(AdmissionTest, RefusedRpcsKeepTheDrainFromItsEndOnlyWhenNoMoreCanCome) {
  Admission admission(v1::ROLE_OWNER);
  admission.BeginDrain();
  admission.RpcBegins();
  EXPECT_EQ(MisuseReason(admission.LetIn()), v1::ERROR_REASON_SERVER_DRAINING);
  EXPECT_TRUE(admission.AwaitLetIn(steady_clock::now()));
  std::atomic<bool> ended = false;
  std::thread other([&admission, &ended] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ended = true;
    admission.RpcEnds(false);
  });
  admission.AwaitAll();
  EXPECT_TRUE(ended);
  other.join();
}

}  // namespace
}  // namespace memsim
