/**
 * memset and its kin (C17, 7.24): clang calls them by name where a __builtin_memset or a large structure copy is not worth expanding,
 * and leaves an undefined symbol in the object. They return their first argument, which callers in the field ignore.
 */
import type { HelperPrototype } from '../platform.ts';
import { anything, byName, helper, i32, nothing, readable, sizeOrZero, writable } from '../rows.ts';

const COUNT = 2;
const destination = { ...writable, sizeArgument: COUNT };
const source = { ...readable, sizeArgument: COUNT };

export const libraryFunctions: ReadonlyMap<string, HelperPrototype> = byName([
  helper(0, 'memset', nothing, [destination, anything, sizeOrZero]),
  helper(0, 'memcpy', nothing, [destination, source, sizeOrZero]),
  helper(0, 'memmove', nothing, [destination, source, sizeOrZero]),
  helper(0, 'memcmp', i32, [source, source, sizeOrZero]),
]);
