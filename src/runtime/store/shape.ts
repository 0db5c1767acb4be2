/** Says where a value is not what it should be (`.maps[3].keySize`), '' where the value itself is wrong; undefined where all is well. */
export type Shape = (value: unknown) => string | undefined;

const LARGEST_U32 = 0xffff_ffff;

function when(good: (value: unknown) => boolean): Shape {
  return (value) => (good(value) ? undefined : '');
}

/** A number that counts: whole, not negative, exact. */
export const natural = when((value) => Number.isSafeInteger(value) && (value as number) >= 0);
/** A 32-bit number. */
export const u32 = when((value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_U32);
export const text = when((value) => typeof value === 'string');
export const flag = when((value) => typeof value === 'boolean');

export function oneOf(...values: readonly unknown[]): Shape {
  return when((value) => values.includes(value));
}

export function matching(pattern: RegExp): Shape {
  return when((value) => typeof value === 'string' && pattern.test(value));
}

export function listOf(element: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const [index, item] of value.entries()) {
      const wrong = element(item);
      if (wrong !== undefined) return `[${index}]${wrong}`;
    }
    return undefined;
  };
}

/** An object with these members; those of `optional` may be absent, others are not looked at. */
export function record(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
    const members = new Map(Object.entries(value));
    for (const [name, shape] of [...Object.entries(required), ...Object.entries(optional).filter(([name]) => members.has(name))]) {
      const wrong = shape(members.get(name));
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  };
}
