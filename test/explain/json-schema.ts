/** Where a value breaks a schema: `$.programs[0].verdict: ...`. */
type Complaint = string;

type Schema = Readonly<Record<string, unknown>>;

type Keyword = (expected: unknown, value: unknown, at: string, schema: Schema, root: Schema) => readonly Complaint[];

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

/** The keywords of JSON Schema that our schemas use; any other one is a mistake of the schema. */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $schema: () => [],
  $defs: () => [],
  title: () => [],
  description: () => [],
  $ref(name, value, at, _, root) {
    const found = String(name)
      .slice(2)
      .split('/')
      .reduce<unknown>((inside, part) => (isObject(inside) ? inside[part] : undefined), root);
    if (!isObject(found)) throw new Error(`the schema has no ${name}`);
    return check(found, value, at, root);
  },
  type: (name, value, at) => (TYPES[String(name)]!(value) ? [] : [`${at}: ${JSON.stringify(value)?.slice(0, 60)} is no ${name}`]),
  const: (expected, value, at) => (value === expected ? [] : [`${at}: not ${JSON.stringify(expected)}`]),
  enum: (list, value, at) => ((list as unknown[]).includes(value) ? [] : [`${at}: ${JSON.stringify(value)} is none of ${JSON.stringify(list)}`]),
  minimum: (least, value, at) => (typeof value !== 'number' || value >= (least as number) ? [] : [`${at}: ${value} is below ${least}`]),
  maximum: (most, value, at) => (typeof value !== 'number' || value <= (most as number) ? [] : [`${at}: ${value} is above ${most}`]),
  pattern: (text, value, at) =>
    typeof value !== 'string' || new RegExp(String(text)).test(value) ? [] : [`${at}: ${JSON.stringify(value)} does not match ${text}`],
  required: (names, value, at) =>
    isObject(value) ? (names as string[]).filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}: lacks ${name}`) : [],
  properties: (rules, value, at, _, root) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, item]) => {
          const rule = (rules as Schema)[name];
          return isObject(rule) ? check(rule, item, `${at}.${name}`, root) : [];
        })
      : [],
  additionalProperties(allowed, value, at, schema) {
    if (allowed !== false) throw new Error('only additionalProperties: false is known');
    const known = schema['properties'] as Schema;
    return isObject(value)
      ? Object.keys(value)
          .filter((name) => !Object.hasOwn(known, name))
          .map((name) => `${at}: has no property ${name}`)
      : [];
  },
  items: (rule, value, at, _, root) =>
    Array.isArray(value) ? value.flatMap((item, index) => check(rule as Schema, item, `${at}[${index}]`, root)) : [],
  oneOf(rules, value, at, _, root) {
    const results = (rules as Schema[]).map((rule) => check(rule, value, at, root));
    const fitting = results.filter((complaints) => complaints.length === 0).length;
    if (fitting === 1) return [];
    return fitting > 1 ? [`${at}: fits several alternatives`] : results.toSorted((a, b) => a.length - b.length)[0]!;
  },
};

function check(schema: Schema, value: unknown, at: string, root: Schema): readonly Complaint[] {
  return Object.entries(schema).flatMap(([name, expected]) => {
    const keyword = KEYWORDS[name];
    if (keyword === undefined) throw new Error(`the schema uses ${name}, which is not known here`);
    return keyword(expected, value, at, schema, root);
  });
}

/** Checks a value against a JSON schema (draft 2020-12, as far as ours need it). */
export function schemaComplaints(schema: Schema, value: unknown): readonly Complaint[] {
  return check(schema, value, '$', schema);
}
