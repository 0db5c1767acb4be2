/** Where a SARIF document breaks the schema, as `runs[0].results[1].level: ...`. */
export type Complaint = string;

type Rule = (value: unknown, at: string) => readonly Complaint[];

const text: Rule = (value, at) => (typeof value === 'string' ? [] : [`${at}: not a string`]);
const flag: Rule = (value, at) => (typeof value === 'boolean' ? [] : [`${at}: not a boolean`]);
const anything: Rule = (value, at) => (typeof value === 'object' && value !== null ? [] : [`${at}: not an object`]);
const integer =
  (least: number): Rule =>
  (value, at) =>
    Number.isInteger(value) && (value as number) >= least ? [] : [`${at}: not an integer of at least ${least}`];
const oneOf =
  (...words: string[]): Rule =>
  (value, at) =>
    words.includes(value as string) ? [] : [`${at}: ${JSON.stringify(value)} is none of ${words.join(', ')}`];
/** RFC 3986 allows no other characters; `%` stands before two hexadecimal digits. */
const uri: Rule = (value, at) =>
  typeof value === 'string' && /^(?:[\w.~!$&'()*+,;=:@/?#[\]-]|%[0-9A-Fa-f]{2})+$/.test(value) ? [] : [`${at}: ${value} is no URI reference`];
const list =
  (rule: Rule, { least = 0, unique = false } = {}): Rule =>
  (value, at) => {
    if (!Array.isArray(value)) return [`${at}: not an array`];
    if (value.length < least) return [`${at}: fewer than ${least} items`];
    if (unique && new Set(value.map((item) => JSON.stringify(item))).size < value.length) return [`${at}: items repeat`];
    return value.flatMap((item, index) => rule(item, `${at}[${index}]`));
  };
const dictionary =
  (rule: Rule): Rule =>
  (value, at) =>
    anything(value, at).length > 0 ? anything(value, at) : Object.entries(value as object).flatMap(([key, item]) => rule(item, `${at}.${key}`));
/** An object with no other properties than these; those whose name ends with `!` are required. */
const object = (properties: Readonly<Record<string, Rule>>): Rule => {
  const rules = new Map(Object.entries(properties).map(([name, rule]) => [name.replace('!', ''), rule]));
  const required = Object.keys(properties).flatMap((name) => (name.endsWith('!') ? [name.slice(0, -1)] : []));
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: not an object`];
    const entries = Object.entries(value);
    return [
      ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}: lacks ${name}`),
      ...entries.flatMap(([name, item]) => rules.get(name)?.(item, `${at}.${name}`) ?? [`${at}: has no property ${name}`]),
    ];
  };
};

const message = object({ 'text!': text });
const level = oneOf('none', 'note', 'warning', 'error');
const artifactLocation = object({ uri, index: integer(-1) });
const region = object({ startLine: integer(1), startColumn: integer(1), endColumn: integer(1), snippet: object({ text }) });
const physicalLocation = object({
  artifactLocation,
  region,
  contextRegion: region,
  address: object({ relativeAddress: integer(0), length: integer(0), kind: text, name: text }),
});
const location = object({
  physicalLocation,
  logicalLocations: list(object({ name: text, fullyQualifiedName: text, kind: text }), { unique: true }),
  message,
});
const threadFlowLocation = object({
  location,
  state: dictionary(message),
  nestingLevel: integer(0),
  executionOrder: integer(-1),
  importance: oneOf('important', 'essential', 'unimportant'),
  kinds: list(text, { unique: true }),
});
const codeFlow = object({ message, 'threadFlows!': list(object({ 'locations!': list(threadFlowLocation, { least: 1 }) }), { least: 1 }) });
const result = object({
  ruleId: text,
  ruleIndex: integer(-1),
  level,
  kind: oneOf('notApplicable', 'pass', 'fail', 'review', 'open', 'informational'),
  'message!': message,
  locations: list(location),
  stacks: list(object({ 'frames!': list(object({ location })) }), { unique: true }),
  codeFlows: list(codeFlow),
  partialFingerprints: dictionary(text),
  properties: anything,
});
const rule = object({
  'id!': text,
  name: text,
  shortDescription: object({ 'text!': text }),
  fullDescription: object({ 'text!': text }),
  help: object({ 'text!': text }),
  defaultConfiguration: object({ level }),
  properties: anything,
});
const run = object({
  'tool!': object({ 'driver!': object({ 'name!': text, semanticVersion: text, rules: list(rule, { unique: true }) }) }),
  columnKind: oneOf('utf16CodeUnits', 'unicodeCodePoints'),
  artifacts: list(object({ location: artifactLocation, roles: list(text, { unique: true }), hashes: dictionary(text), sourceLanguage: text }), {
    unique: true,
  }),
  invocations: list(
    object({
      'executionSuccessful!': flag,
      toolExecutionNotifications: list(
        object({ level, descriptor: object({ id: text }), 'message!': message, locations: list(location, { unique: true }) }),
      ),
    }),
  ),
  results: list(result),
  properties: anything,
});
const log = object({ $schema: uri, 'version!': oneOf('2.1.0'), 'runs!': list(run) });

/**
 * Checks a document against what the schema of SARIF 2.1.0 says of the objects that ebpfsh writes: no unknown property, the required ones, their types,
 * enumerations and bounds.
 */
export function sarifComplaints(document: unknown): readonly Complaint[] {
  return log(document, 'log');
}
