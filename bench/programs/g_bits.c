#include "common.h"

// Byte swaps of all widths, population count, smearing, arithmetic shifts.
INLINE u64 popcount(u64 x) {
  x -= (x >> 1) & 0x5555555555555555ULL;
  x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
  return (x * 0x0101010101010101ULL) >> 56;
}

PROGRAM u64 bits(u8 *memory, u64 length) {
  u64 x = 0xfedcba9876543210ULL ^ length;
  u64 sum = 0;
  for (u64 i = 0; i < 1000; i++) {
    u64 y = __builtin_bswap64(x) + __builtin_bswap32((u32)(x >> 16)) + __builtin_bswap16((u16)(x >> 24));
    sum += popcount(y);
    u64 smear = y;
    smear |= smear >> 1;
    smear |= smear >> 2;
    smear |= smear >> 4;
    smear |= smear >> 8;
    smear |= smear >> 16;
    smear |= smear >> 32;
    sum ^= smear - (smear >> 1);
    sum += (u64)((s64)y >> 17) ^ (u64)((s64)(s32)y >> 5);
    x = x * 0x5851f42d4c957f2dULL + i;
    OPAQUE(sum);
  }
  return sum;
}
