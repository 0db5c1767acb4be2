#include "common.h"

// xorshift64 with a rotation, an addition and a subtraction of the counter: one long chain of dependent 64-bit operations.
PROGRAM u64 alu64(u8 *memory, u64 length) {
  u64 x = 0x9e3779b97f4a7c15ULL ^ length;
  u64 sum = 0;
  for (u64 i = 0; i < 4000; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sum += (x << 31) | (x >> 33);
    sum ^= i;
    sum -= x & 0xff;
    OPAQUE(x);
  }
  return sum;
}
