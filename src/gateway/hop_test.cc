// A request through a front's hop, with the test as the client and as the host cell.
#include "gateway/hop.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "gateway/test_support.h"
#include "http/test_support.h"
#include "route/answer/answer.h"
#include "route/plan/function.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::gateway {
namespace {

using http::RawClient;
using std::chrono::seconds;

constexpr std::string_view kGet = "GET /cart HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kHello =
    "HTTP/1.1 200 OK\r\nX-From: cell\r\nContent-Length: 6\r\n\r\nhello\n";

class HopTest : public ::testing::Test {
 protected:
  HopTest()
      : harness_([this](http::Exchange& exchange) { return Handle(exchange); }),
        endpoints_(harness_.loop, harness_.clock),
        hop_(harness_.loop, harness_.clock, endpoints_) {
    function_.tenant = "shop";
    function_.name = "cart";
    function_.limits.timeout = seconds(10);
  }

  Awaitable<void> Handle(http::Exchange& exchange) {
    route::Handed handed;
    handed.start = harness_.clock.Now();
    handed.led_by = meter::LedBy::kForm;
    auto problem = co_await hop_.HandOn(function_, handed, exchange, exchange.sink());
    ++handled_;
    if (!problem) co_return;
    told_.push_back(problem->slug);
    if (!exchange.sink().head_sent()) co_await route::SendProblem(exchange.sink(), *problem);
  }

  void AddCell(const std::string& cell) {
    lines_[cell] = std::make_unique<CellLine>();
    endpoints_.Add("shop", cell, lines_[cell]->TakeTheirs());
  }
  // The next connection to `cell`.
  CellConnection Accept(const std::string& cell) {
    Fd fd;
    EXPECT_TRUE(harness_.RunUntil([&] {
      fd = lines_[cell]->Accept();
      return fd.valid();
    }));
    return CellConnection(std::move(fd));
  }
  bool Reads(CellConnection& connection, std::string_view text) {
    return harness_.RunUntil([&] { return connection.Has(text); });
  }
  bool Handled(int count) {
    return harness_.RunUntil([&] { return handled_ == count; });
  }

  http::ServerHarness harness_;
  Endpoints endpoints_;
  Hop hop_;
  route::FunctionSpec function_;
  std::map<std::string, std::unique_ptr<CellLine>> lines_;
  int handled_ = 0;
  std::vector<std::string> told_;  // problems that no cell knows of
};

TEST_F(HopTest, ARequestGoesOnWithItsHopFieldAndItsAnswerComesBack) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(
      "GET /cart?id=1 HTTP/1.1\r\nHost: a.example\r\nX-Mine: 1\r\nStrata-Hop: evil\r\n\r\n");
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  EXPECT_TRUE(
      cell.Read().starts_with("GET /cart?id=1 HTTP/1.1\r\nHost: a.example\r\nX-Mine: 1\r\n"
                              "strata-hop: shop cart "))
      << cell.Read();
  EXPECT_NE(cell.Read().find(" 0 2 http "), std::string::npos) << "not sampled, of a named form";
  cell.Send(kHello);
  ASSERT_TRUE(client.ReadUntil("hello\n"));
  EXPECT_NE(client.received().find("X-From: cell"), std::string::npos);
  EXPECT_TRUE(told_.empty());
}

TEST_F(HopTest, OneConnectionCarriesOneRequestAfterAnother) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
    cell.Forget();
    cell.Send(kHello);
    ASSERT_TRUE(client.ReadUntil("hello\n"));
    client.Forget();
    client.Send(kGet);
  }
  EXPECT_FALSE(lines_["one"]->Accept().valid());
}

TEST_F(HopTest, ABodyStreamsToTheCellWhileItComes) {
  AddCell("one");
  RawClient client(harness_);
  client.Send("POST /cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "3\r\nabc\r\n"));
  EXPECT_NE(cell.Read().find("Transfer-Encoding: chunked"), std::string::npos);
  client.Send("2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(Reads(cell, "2\r\nde\r\n0\r\n\r\n"));
  cell.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  ASSERT_TRUE(client.ReadUntil("ok")) << "a part of the answer arrives before its end";
  EXPECT_EQ(handled_, 0);
  cell.Send("0\r\n\r\n");
  EXPECT_TRUE(Handled(1));
}

TEST_F(HopTest, AnUnreadRequestIsHandedToAnotherCell) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection dying = Accept("one");
  endpoints_.Remove("one");
  AddCell("two");
  dying.Close();  // with the request unread
  CellConnection cell = Accept("two");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send(kHello);
  EXPECT_TRUE(client.ReadUntil("hello\n"));
  EXPECT_TRUE(told_.empty());
}

// As while processes die: they take connections and close them unread.
TEST_F(HopTest, ARequestIsTriedUntilACellThatLivesIsFound) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  for (int i = 0; i < 6; ++i) Accept("one").Close();
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send(kHello);
  EXPECT_TRUE(client.ReadUntil("hello\n"));
  EXPECT_TRUE(told_.empty());
}

TEST_F(HopTest, ARequestThatACellHasReadIsNotRepeated) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection dying = Accept("one");
  ASSERT_TRUE(Reads(dying, "\r\n\r\n"));
  AddCell("two");
  dying.Close();
  ASSERT_TRUE(client.ReadUntil("cell-lost"));
  EXPECT_NE(client.received().find("502"), std::string::npos);
  EXPECT_EQ(told_, std::vector<std::string>{"cell-lost"});
  EXPECT_FALSE(lines_["two"]->Accept().valid());
}

TEST_F(HopTest, ARequestWithABodyIsNotRepeatedEither) {
  AddCell("one");
  RawClient client(harness_);
  client.Send("POST /cart HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  CellConnection dying = Accept("one");
  AddCell("two");
  dying.Close();
  ASSERT_TRUE(client.ReadUntil("cell-lost"));
  EXPECT_FALSE(lines_["two"]->Accept().valid());
}

TEST_F(HopTest, AnAnswerThatBreaksOffIsNotTakenForTheWhole) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  ASSERT_TRUE(client.ReadUntil("ok"));
  cell.Close();
  ASSERT_TRUE(client.ReadUntilClosed());
  EXPECT_EQ(client.received().find("0\r\n\r\n"), std::string::npos);
}

TEST_F(HopTest, AsLongAHeadAsACellMayAnswerComesBack) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  std::string answer = "HTTP/1.1 200 OK\r\nX-Long: " + std::string(60'000, 'x') + "\r\n";
  for (int i = 0; i < 200; ++i) answer += "X: 1\r\n";
  cell.Send(answer + "Content-Length: 6\r\n\r\nhello\n");
  EXPECT_TRUE(client.ReadUntil("hello\n"));
}

TEST_F(HopTest, NonsenseFromACellIsABadGateway) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(client.ReadUntil("bad-answer"));
  EXPECT_TRUE(harness_.RunUntil([&] { return cell.closed(); }));
}

TEST_F(HopTest, ASecondAnswerReachesNobody) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
  ASSERT_TRUE(client.ReadUntil("hello\n"));
  client.Send(kGet);
  CellConnection fresh = Accept("one");
  ASSERT_TRUE(Reads(fresh, "\r\n\r\n"));
  fresh.Send(kHello);
  ASSERT_TRUE(client.ReadUntilCount("hello\n", 2));
  EXPECT_EQ(client.received().find("stray"), std::string::npos);
}

TEST_F(HopTest, AnEarlyAnswerEndsTheUpload) {
  AddCell("one");
  RawClient client(harness_);
  client.Send("POST /cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "abc"));
  cell.Send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 4\r\n\r\nmuch");
  ASSERT_TRUE(client.ReadUntil("much"));
  EXPECT_TRUE(Handled(1));
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(harness_.RunUntil([&] { return cell.closed(); }));
}

TEST_F(HopTest, AClientThatLeavesIsMissedByTheCell) {
  AddCell("one");
  std::optional<RawClient> client;
  client.emplace(harness_);
  client->Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  client.reset();
  // A client that has ended its side may still read: it is given a grace.
  ASSERT_TRUE(harness_.RunUntil([&] {
    harness_.clock.Advance(std::chrono::milliseconds(50));
    return cell.closed();
  }));
  EXPECT_TRUE(Handled(1));
  EXPECT_TRUE(told_.empty()) << "the cell writes it down";
}

TEST_F(HopTest, AClientThatLeftBeforeACellHeardOfItIsToldOf) {
  AddCell("one");
  // Its connection is kept, and closed by the cell meanwhile.
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send(kHello);
  ASSERT_TRUE(Handled(1));
  cell.Close();
  sandbox::testing::FakeExchange unsent(harness_.loop);
  unsent.body_source.End();
  unsent.gone = true;
  Spawn(harness_.loop, Handle(unsent));
  ASSERT_TRUE(Handled(2));
  EXPECT_EQ(told_, std::vector<std::string>{"cell-lost"});

  sandbox::testing::FakeExchange unread(harness_.loop);
  unread.body_source.End();
  Spawn(harness_.loop, Handle(unread));
  CellConnection dying = Accept("one");
  harness_.Settle();  // or the hop might look for the client first
  unread.gone = true;
  dying.Close();
  ASSERT_TRUE(Handled(3));
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(HopTest, ABrokenBodyIsTheClientsFault) {
  AddCell("one");
  RawClient client(harness_);
  client.Send("POST /cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "abc"));
  client.Send("nonsense\r\n");
  ASSERT_TRUE(client.ReadUntil("bad-body"));
  EXPECT_TRUE(harness_.RunUntil([&] { return cell.closed(); }));
  EXPECT_TRUE(told_.empty());
}

TEST_F(HopTest, ABodyThatBreaksBeforeACellHeardOfItIsToldOf) {
  AddCell("one");
  RawClient client(harness_);
  client.Send("POST /cart HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  client.EndSending();
  ASSERT_TRUE(Handled(1));
  EXPECT_EQ(told_, std::vector<std::string>{"bad-body"});
}

TEST_F(HopTest, WithoutACellACallWaitsForOne) {
  RawClient client(harness_);
  client.Send(kGet);
  harness_.Settle();
  EXPECT_EQ(handled_, 0);
  AddCell("one");
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  cell.Send(kHello);
  EXPECT_TRUE(client.ReadUntil("hello\n"));
}

TEST_F(HopTest, ACellThatSaysNothingIsGivenUpAfterTheDeadline) {
  AddCell("one");
  RawClient client(harness_);
  client.Send(kGet);
  CellConnection cell = Accept("one");
  ASSERT_TRUE(Reads(cell, "\r\n\r\n"));
  harness_.clock.Advance(seconds(20));
  ASSERT_TRUE(client.ReadUntil("urn:strata:problem:deadline"));
  EXPECT_TRUE(harness_.RunUntil([&] { return cell.closed(); }));
  EXPECT_TRUE(told_.empty()) << "the cell, which may only be late, writes it down";
}

}  // namespace
}  // namespace strata::gateway
