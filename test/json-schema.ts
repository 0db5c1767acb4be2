import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import draft04 from 'ajv-draft-04';
import formats from 'ajv-formats';

/** Where a value breaks a schema: `/programs/0: must NOT have additional properties (more)`. */
export type Complaint = string;

/** Complaints beyond this many about one value say nothing new. */
const MOST = 20;

const OPTIONS = { allErrors: true, strict: true } as const;

function complaintsOf(validate: ValidateFunction, value: unknown): readonly Complaint[] {
  return validate(value) ? [] : (validate.errors ?? []).slice(0, MOST).map(words);
}

function words({ instancePath, message, params }: ErrorObject): Complaint {
  const which = params['additionalProperty'] ?? params['allowedValues'] ?? params['allowedValue'];
  return `${instancePath === '' ? '/' : instancePath}: ${message}${which === undefined ? '' : ` (${which})`}`;
}

/**
 * A check against one of our own schemas (JSON Schema, draft 2020-12), which uses only keywords that there are.
 *
 * @param others schemas that it refers to, by their file names.
 * @param part a definition to check against instead of the whole, such as `step`.
 */
export function schemaCheck(schema: object, others: Readonly<Record<string, object>> = {}, part?: string): (value: unknown) => readonly Complaint[] {
  const ajv = new Ajv2020(OPTIONS);
  for (const [name, other] of Object.entries(others)) ajv.addSchema(other, name);
  const name = 'this.schema.json';
  ajv.addSchema(schema, name);
  const validate = ajv.getSchema(part === undefined ? name : `${name}#/$defs/${part}`);
  if (validate === undefined) throw new Error(`the schema has no ${part}`);
  return (value) => complaintsOf(validate, value);
}

let sarifValidate: ValidateFunction | undefined;

/** Checks a document against the JSON schema of SARIF 2.1.0 (draft-04), formats of URIs and times included. */
export function sarifSchemaComplaints(document: unknown): readonly Complaint[] {
  if (sarifValidate === undefined) {
    // How the schema is written is the business of those who wrote it.
    const ajv = new draft04.default({ ...OPTIONS, strictRequired: false, strictTypes: false, unicodeRegExp: false });
    formats.default(ajv);
    sarifValidate = ajv.compile(sarifSchema);
  }
  return complaintsOf(sarifValidate, document);
}
