#include "base/sha256.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text/hex.h"

namespace strata {
namespace {

TEST(Sha256Test, AgreesWithThePublishedVectors) {  // FIPS 180-2, appendix B
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, AStreamHashesLikeItsWhole) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(hash.Finish(), Sha256Of(AsBytes("abc")));
}

TEST(Sha256Test, HmacAgreesWithRfc4231) {  // test cases 1 and 2
  EXPECT_EQ(HexEncode(HmacSha256(AsBytes(std::string(20, '\x0b')), AsBytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexEncode(HmacSha256(AsBytes("Jefe"), AsBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Sha256Test, ConstantTimeEqualComparesSizesAndBytes) {
  EXPECT_TRUE(ConstantTimeEqual(AsBytes(""), AsBytes("")));
  EXPECT_TRUE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ab")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("ac")));
  EXPECT_FALSE(ConstantTimeEqual(AsBytes("ab"), AsBytes("abc")));
}

TEST(HexTest, RoundTripsAndRefusesEverythingElse) {
  const std::string bytes("\x00\x9f\xff", 3);
  EXPECT_EQ(HexEncode(AsBytes(bytes)), "009fff");
  const auto decoded = HexDecode("009FfF");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(AsText(*decoded), bytes);
  for (const std::string_view bad : {"0", "0g", "0x", " 0", "-1"}) {
    const auto refused = HexDecode(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace strata
