import { readFileSync } from 'node:fs';
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

/** Our own schemas (JSON Schema, draft 2020-12), which use only keywords that there are. */
const ours = new Ajv2020(OPTIONS);

/** One of our schemas, of which parts can be checked against. */
export interface OwnSchema {
  /** Names of its definitions. */
  readonly definitions: readonly string[];
  /** @param definition such as `step`; without it the whole schema. */
  complaints(value: unknown, definition?: string): readonly Complaint[];
}

/** A schema of ours; those that it refers to have to be read before it. @param name of its file in docs/. */
export function ownSchema(name: string): OwnSchema {
  const schema: { readonly $defs: object } = JSON.parse(readFileSync(`docs/${name}`, 'utf8'));
  if (ours.getSchema(name) === undefined) ours.addSchema(schema, name);
  return {
    definitions: Object.keys(schema.$defs),
    complaints(value, definition) {
      const validate = ours.getSchema(definition === undefined ? name : `${name}#/$defs/${definition}`);
      if (validate === undefined) throw new Error(`${name} has no ${definition}`);
      return complaintsOf(validate, value);
    },
  };
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
