#include "base/text.h"

#include <array>

#include <doctest/doctest.h>

#include "base/markup.h"

using namespace vpclab::base;

TEST_CASE("integers are whole, decimal and within range") {
  CHECK(parseInteger("42", 0, 100) == 42);
  CHECK_FALSE(parseInteger("", 0, 100));
  CHECK_FALSE(parseInteger("42 ", 0, 100));
  CHECK_FALSE(parseInteger("+42", 0, 100));
  CHECK_FALSE(parseInteger("101", 0, 100));
  CHECK_FALSE(parseInteger("99999999999999999999", 0, 100));
}

TEST_CASE("the nearest known word is found, and nothing when none is near") {
  const std::array<std::string_view, 3> known{"cidr", "title", "region"};
  CHECK(nearest("cdir", known).empty());  // two edits of four letters: not near
  CHECK(nearest("cidrr", known) == "cidr");
  CHECK(nearest("regoin", known) == "region");
  CHECK(nearest("zzzzzz", known).empty());
}

TEST_CASE("UTF-8 is checked as RFC 3629 asks") {
  CHECK(isValidUtf8("北京演示云服务器1"));
  CHECK_FALSE(isValidUtf8("\xC0\x80"));          // overlong
  CHECK_FALSE(isValidUtf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(isValidUtf8("\xF5\x80\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(isValidUtf8("\xE5\x8C"));          // cut short
}

TEST_CASE("display width counts terminal columns") {
  CHECK(displayWidth("abc") == 3);
  CHECK(displayWidth("北京1") == 5);
}

TEST_CASE("text from outside cannot drive the terminal") {
  CHECK(printable("a\x1b[31mb") == "a\\x1b[31mb");
  CHECK(printable("北京") == "北京");
  CHECK(printable("\xFFx") == "\\xffx");
  CHECK(printable("\xC2\x9B") == "\\xc2\\x9b");  // C1 CSI
}

TEST_CASE("what is plain ASCII, wherever it stands") {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 16U, 23U}) {
    CHECK(isPlainAscii(std::string(size, ' ')));
    CHECK(isPlainAscii(std::string(size, '~')));
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, at % 2 == 0 ? '~' : ' ');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x7F;
        if (isPlainAscii(text) != plain) {
          FAIL("byte " << byte << " at " << at << " of " << size);
        }
      }
    }
  }
  CHECK(isPlainAscii(""));
}

TEST_CASE("markup is escaped by references, all else stays") {
  CHECK(escapeMarkup("<a href=\"x\">R&D's 北京</a>\n") == "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s 北京&lt;/a&gt;\n");
  CHECK(escapeMarkup("").empty());
}
