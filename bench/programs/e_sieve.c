#include "common.h"

// The sieve of Eratosthenes in 256 bytes of stack, 5 times.
PROGRAM u64 sieve(u8 *memory, u64 length) {
  u8 composite[256];
  u64 sum = 0;
  for (u32 round = 0; round < 5; round++) {
    for (u32 i = 0; i < 256; i++) {
      composite[i] = 0;
      OPAQUE(i);
    }
    for (u32 i = 2; i < 16; i++) {
      if (composite[i]) continue;
      for (u32 j = i * i; j < 256; j += i) composite[j] = 1;
    }
    for (u32 i = 2; i < 256; i++)
      if (!composite[i]) sum = sum * 31 + i;
    OPAQUE(round);
  }
  return sum;
}
