#include "common.h"

// 64-bit multiplication, division and remainder by values that are not known in advance.
PROGRAM u64 muldiv(u8 *memory, u64 length) {
  u64 x = 0x123456789abcdefULL + length;
  u64 sum = 0;
  for (u64 i = 1; i <= 1000; i++) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    u64 divisor = (x >> 40) | 1;
    sum += x / divisor;
    sum ^= (x % (i + 7)) * divisor;
    sum += (x >> 3) / 1000003;
    sum -= x % 97;
    OPAQUE(sum);
  }
  return sum;
}
