#include "common.h"

// The same in 32 bits (w-registers).
PROGRAM u64 alu32(u8 *memory, u64 length) {
  u32 x = 0x9e3779b9U ^ (u32)length;
  u32 sum = 0;
  for (u32 i = 0; i < 4000; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    sum += (x << 11) | (x >> 21);
    sum ^= i;
    sum -= x & 0xff;
    OPAQUE(x);
  }
  return sum;
}
