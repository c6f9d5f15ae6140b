// What a fleet takes over from cells of an earlier manager, of which a guest may have taken one;
// with real cells: tests/integration/manager.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/process/pipe.h"
#include "http/server/listener.h"
#include "manager/cells/fleet.h"
#include "manager/testing/fake_cell.h"
#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

enum class What { kTcp, kUnix, kPipe };

class AdoptionTest : public PartsFixture {
 protected:
  void SetUp() override {
    options_.listen = "127.0.0.1:0";
    options_.cells = 1;
    PartsFixture::SetUp();
    cell_ = std::make_unique<FakeCell>(parts_->context, "shop-1", "shop");
    ASSERT_TRUE(parts_->opened.journal.Made(cell_->noted()).has_value());
  }

  // It says that it has this listener, and hands `what` over.
  void Claim(const std::string& id, What what, std::uint16_t off = 0) {
    const auto listener = http::ListenTcp({});
    const auto port = http::LocalPort(*listener);
    ASSERT_TRUE(listener && port);
    auto local = http::ListenUnix((home_ / "s").string());
    auto pipe = host::MakePipe();
    ASSERT_TRUE(local && pipe);
    const Fd& given = what == What::kTcp ? *listener : what == What::kUnix ? *local : pipe->read;
    cell_->public_listeners.push_back(DuplicateFd(given).value());
    const http::TcpAddress address{.host = "127.0.0.1",
                                   .port = static_cast<std::uint16_t>(*port + off)};
    cell_->state.listeners.push_back({id, http::ToString(address)});
  }

  std::unique_ptr<FakeCell> cell_;
};

TEST_F(AdoptionTest, AListenerOfOursIsTakenOverWithItsAddress) {
  Claim("web-0", What::kTcp);
  ASSERT_TRUE(Run(parts_->fleet.Recover()).has_value());
  EXPECT_THAT(parts_->fleet.cells(), SizeIs(1));
  EXPECT_EQ(parts_->fleet.address(), cell_->state.listeners.front().address);
}

struct BadClaim {
  const char* label;
  const char* id;
  What what = What::kTcp;
  std::uint16_t off = 0;
};
class BadClaimTest : public AdoptionTest, public ::testing::WithParamInterface<BadClaim> {};

TEST_P(BadClaimTest, EndsTheCellAndNothingElse) {
  Claim(GetParam().id, GetParam().what, GetParam().off);
  const auto recovered = Run(parts_->fleet.Recover());
  ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
  EXPECT_THAT(parts_->fleet.cells(), IsEmpty());
  EXPECT_FALSE(parts_->fleet.address().empty()) << "others are served";
}

INSTANTIATE_TEST_SUITE_P(All, BadClaimTest,
                         ::testing::Values(BadClaim{"AnotherName", "a"},
                                           BadClaim{"NoNumber", "web-"},
                                           BadClaim{"ANumberSpeltInAnotherWay", "web-00"},
                                           BadClaim{"MoreThanThereMayBe", "web-64"},
                                           BadClaim{"AnotherAddress", "web-0", What::kTcp, 1},
                                           BadClaim{"ALocalSocket", "web-0", What::kUnix},
                                           BadClaim{"APipe", "web-0", What::kPipe}),
                         [](const auto& info) { return info.param.label; });

TEST_F(AdoptionTest, NorHasACellTwoListeners) {
  Claim("web-0", What::kTcp);
  Claim("web-1", What::kTcp);
  ASSERT_TRUE(Run(parts_->fleet.Recover()).has_value());
  EXPECT_THAT(parts_->fleet.cells(), IsEmpty());
}

}  // namespace
}  // namespace strata::manager
