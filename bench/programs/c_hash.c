#include "common.h"

// murmur3 (32 bits) word by word and a one-at-a-time hash byte by byte over the same packet.
INLINE u32 rotate(u32 x, u32 by) { return (x << by) | (x >> (32 - by)); }

PROGRAM u64 hash(u8 *memory, u64 length) {
  u32 h = 0x811c9dc5U;
  u32 *words = (u32 *)memory;
  for (u32 i = 0; i < length / 4; i++) {
    u32 k = words[i] * 0xcc9e2d51U;
    k = rotate(k, 15) * 0x1b873593U;
    h = rotate(h ^ k, 13) * 5 + 0xe6546b64U;
  }
  h ^= (u32)length;
  h = (h ^ (h >> 16)) * 0x85ebca6bU;
  h = (h ^ (h >> 13)) * 0xc2b2ae35U;
  h ^= h >> 16;
  u32 g = 0;
  for (u32 i = 0; i < length; i++) {
    g += memory[i];
    g += g << 10;
    g ^= g >> 6;
  }
  g += g << 3;
  g ^= g >> 11;
  g += g << 15;
  return ((u64)h << 32) | g;
}
