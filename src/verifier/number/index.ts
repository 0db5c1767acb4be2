/** The abstract numeric domain: exact signed, unsigned, 32-bit and bitwise views of sets of 64-bit numbers. */
export * from './integer.ts';
export { equals, join, leq, meet, widen } from './lattice.ts';
export { binary, negate, signExtend, signExtendLoad, swap, truncate } from './operations.ts';
export { refine } from './refine.ts';
export {
  constant,
  constantValue,
  contains,
  format,
  fromSigned,
  fromUnsigned,
  isConstant,
  Scalar,
  TOP,
  unsignedBytes,
} from './scalar.ts';
