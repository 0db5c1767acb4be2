import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/verifier/checks.ts';
import { offsetWords } from '../../src/verifier/words.ts';

describe('the words of a failed access', () => {
  it.each([
    [8, 8, 'offset 8'],
    [0, 64, 'offset 0 to 64'],
    [0, 0xffff_ffff, 'any offset'],
    [-16, 0xffff_ffff, 'any offset from -16 on'],
    [-(2n ** 63n), 63, 'any offset up to 63, also a negative one,'],
    [-(2n ** 63n), 2n ** 63n - 1n, 'any offset, also a negative one,'],
  ])('%s to %s is %s', (min, max, words) => expect(offsetWords(min, max)).toBe(words));

  it('name the register of a size that is an argument, as the peer does', () => {
    const access = { register: 2, displacement: 0, width: 100, mode: 'read' } as const;
    expect(CHECKS.packet_upper.classic(access)).toBe('Upper bound must be at most packet_size (valid_access(r2.offset, width=100) for read)');
    expect(CHECKS.packet_upper.classic({ ...access, sizeRegister: 3 })).toBe(
      'Upper bound must be at most packet_size (valid_access(r2.offset, width=r3) for read)',
    );
  });
});
