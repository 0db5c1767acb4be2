import type { Failure, Severity } from '../../verifier/report.ts';
import type { Decision } from '../decision.ts';
import type { TextSpan } from '../expression.ts';
import type { Judgement } from '../fixes/judgement.ts';
import { findEntry } from '../knowledge/index.ts';
import { verdictText } from '../search/verdict.ts';
import type { SourceLine } from '../source.ts';
import type { ExportedObject, ExportedProgram, Walk, WalkStep } from './walk.ts';

/** Where the schema of SARIF 2.1.0 is published. */
export const SARIF_SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** Bytes of one instruction slot. */
const SLOT = 8;

/** `level` of SARIF 2.1.0, section 3.27.10: what stops the program from loading is an error. */
const LEVELS: Readonly<Record<Severity, 'error' | 'warning'>> = { safety: 'error', policy: 'error', portability: 'warning' };

/** `kinds` of a thread flow location, section 3.38.8, by what the path does there. */
const KINDS: Readonly<Record<Decision['kind'], readonly string[]>> = {
  taken: ['branch', 'true'],
  'not taken': ['branch', 'false'],
  jump: ['branch'],
  call: ['call', 'function'],
  return: ['return', 'function'],
  callback: ['call', 'function'],
  next: [],
};

/**
 * The verdicts on an object's programs as one SARIF 2.1.0 log (OASIS standard): a result for every failed check and remark, with the way to it as a code
 * flow whose `state` is what the verifier knew. Programs without a verdict become notifications.
 *
 * @returns plain values, for `JSON.stringify`.
 */
export function sarifLog(object: ExportedObject, version: string | undefined) {
  const rules = [
    ...new Map(object.programs.flatMap(({ report }) => [...report.failures, ...report.warnings]).map((failure) => [failure.id, failure])),
  ];
  const ruleIndex = new Map(rules.map(([id], index) => [id, index]));
  return {
    $schema: SARIF_SCHEMA,
    version: '2.1.0' as const,
    runs: [
      {
        tool: {
          driver: {
            name: 'ebpfsh',
            ...(version === undefined ? {} : { semanticVersion: version }),
            rules: rules.map(([, failure]) => ruleOf(failure)),
          },
        },
        columnKind: 'utf16CodeUnits' as const,
        artifacts: artifactsOf(object),
        invocations: [
          {
            executionSuccessful: object.programs.every(({ report }) => report.verdict !== 'error'),
            toolExecutionNotifications: object.programs.flatMap((program) => notificationsOf(object, program)),
          },
        ],
        results: object.programs.flatMap((program) => resultsOf(object, program, ruleIndex)),
        properties: {
          platform: object.platform,
          programs: object.programs.map(({ report }) => ({
            section: report.section,
            program: report.program,
            programType: report.programType,
            verdict: report.verdict,
            instructions: report.instructions,
            precision: report.precision,
            maxLoopCount: report.maxLoopCount,
          })),
        },
      },
    ],
  };
}

/** A cause of rejection, as the knowledge base tells it; of one that it does not know, what the check is called. */
function ruleOf({ id, check, severity }: Failure) {
  const entry = findEntry(id);
  const told =
    entry === undefined
      ? { shortDescription: { text: `The check "${check.kind.replaceAll('_', ' ')}" of the verifier fails.` } }
      : {
          shortDescription: { text: entry.title },
          fullDescription: { text: `${entry.cause} ${entry.needs}` },
          help: {
            text: entry.fixes.map(({ change, code }) => [change, ...(code === undefined ? [] : [code])].join('\n')).join('\n\n') || entry.needs,
          },
        };
  return {
    id,
    name: pascal(check.kind),
    ...told,
    defaultConfiguration: { level: LEVELS[severity] },
    // The schema wants each but once.
    properties: { tags: [...new Set([severity, ...(entry === undefined ? [] : [entry.nature, entry.family])])] },
  };
}

function pascal(kind: string): string {
  return kind.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The object and the source files that results name. */
function artifactsOf({ path, sha256, programs }: ExportedObject) {
  const files = new Set<string>();
  for (const { report, walks, sourceOf } of programs) {
    for (const { instruction } of [...report.failures, ...report.warnings]) addFile(files, sourceOf(instruction));
    for (const { steps } of walks) for (const { source } of steps) addFile(files, source);
  }
  return [
    { location: { uri: uriOf(path) }, roles: ['analysisTarget' as const], hashes: { 'sha-256': sha256 } },
    ...[...files].map((file) => ({ location: { uri: uriOf(file) }, sourceLanguage: 'c' })),
  ];
}

function addFile(files: Set<string>, source: SourceLine | undefined): void {
  if (source !== undefined && source.file !== '') files.add(source.file);
}

function notificationsOf(object: ExportedObject, program: ExportedProgram) {
  const { error } = program.report;
  if (error === undefined) return [];
  return [
    {
      level: 'error' as const,
      descriptor: { id: error.kind },
      message: { text: error.message },
      ...(error.instruction === undefined ? {} : { locations: [locationOf(object, program, error.instruction)] }),
    },
  ];
}

function resultsOf(object: ExportedObject, program: ExportedProgram, ruleIndex: ReadonlyMap<string, number>) {
  const { report, walks, explanations, judgements = [] } = program;
  return [...report.failures, ...report.warnings].map((failure, index) => {
    const walk = walks.find((candidate) => candidate.failure === index + 1);
    const explanation = index < report.failures.length ? explanations.find((candidate) => candidate.failure === index) : undefined;
    const judged = index < report.failures.length ? judgements.find((candidate) => candidate.failure === index) : undefined;
    return {
      ruleId: failure.id,
      ruleIndex: ruleIndex.get(failure.id)!,
      level: LEVELS[failure.severity],
      kind: 'fail' as const,
      message: { text: failure.message },
      locations: [locationOf(object, program, failure.instruction, explanation?.expression)],
      ...(failure.callStack.length === 0 ? {} : { stacks: [stackOf(object, program, failure)] }),
      ...(walk === undefined ? {} : { codeFlows: [codeFlowOf(object, program, walk, failure)] }),
      partialFingerprints: { 'checkAtInstruction/v1': [report.section, report.program, failure.check.kind, failure.instruction].join(':') },
      properties: {
        section: report.section,
        program: report.program,
        platform: report.platform,
        instruction: failure.instruction,
        severity: failure.severity,
        check: failure.check.kind,
        requirement: failure.check.text,
        classic: failure.classic,
        ...(failure.distance === undefined ? {} : { distance: failure.distance }),
        ...(failure.otherPlatform === undefined ? {} : { otherPlatform: failure.otherPlatform }),
        ...(explanation === undefined
          ? {}
          : {
              required: explanation.required,
              established: explanation.established,
              ...(explanation.missing === undefined ? {} : { missing: explanation.missing }),
              ...(explanation.portable === undefined ? {} : { portable: explanation.portable }),
            }),
        ...(judged === undefined ? {} : judgementProperties(judged)),
      },
    };
  });
}

/** The verdict, the input that shows it, and the changes that help. They are no `fixes` of SARIF: those are edits of a file that was not read. */
function judgementProperties({ class: cause, verdict, fixes, rejected }: Judgement) {
  return {
    class: cause,
    verdict: { kind: verdict.kind, text: verdictText(verdict) },
    ...('vector' in verdict && verdict.vector !== undefined ? { vector: verdict.vector } : {}),
    fixes: fixes.map(({ letter, title, applicability, c, effect }) => ({ letter, title, applicability, c, effect })),
    rejected,
  };
}

/** The line of source, where one is known, and the instruction as an address in the linked program. */
function locationOf({ path }: ExportedObject, { report, sourceOf, functionOf }: ExportedProgram, pc: number, expression?: TextSpan) {
  const source = sourceOf(pc);
  const lined = source !== undefined && source.line > 0 && source.file !== '';
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(lined ? source.file : path) },
      ...(lined ? regionsOf(source, expression) : {}),
      address: { relativeAddress: pc * SLOT, length: SLOT, kind: 'instruction', name: `instruction ${pc}` },
    },
    logicalLocations: [{ name: functionOf(pc), fullyQualifiedName: `${report.section}/${report.program}/${functionOf(pc)}`, kind: 'function' }],
  };
}

/** The line; where the failing expression is known that part of it (section 3.30), and the line as what stands around. */
function regionsOf({ line, text }: SourceLine, expression: TextSpan | undefined) {
  const whole = { startLine: line, ...(text === '' ? {} : { snippet: { text } }) };
  if (expression === undefined) return { region: whole };
  const { start, length } = expression;
  const part = { startLine: line, startColumn: start + 1, endColumn: start + length + 1, snippet: { text: text.slice(start, start + length) } };
  return length < text.length ? { region: part, contextRegion: whole } : { region: part };
}

/** The call stack of a failure in a called function, innermost frame first (section 3.44.3). */
function stackOf(object: ExportedObject, program: ExportedProgram, { instruction, callStack }: Failure) {
  return { frames: [instruction, ...callStack.toReversed()].map((pc) => ({ location: locationOf(object, program, pc) })) };
}

function codeFlowOf(object: ExportedObject, program: ExportedProgram, walk: Walk, failure: Failure) {
  return {
    message: {
      text: walk.skipped === 0 ? 'The way to the failed check.' : `The way to the failed check, without its first ${walk.skipped} instructions.`,
    },
    threadFlows: [{ locations: walk.steps.map((step) => flowLocation(object, program, step, failure)) }],
  };
}

function flowLocation(object: ExportedObject, program: ExportedProgram, step: WalkStep, { instruction, message }: Failure) {
  const fails = step.pc === instruction && step.failures.length > 0;
  return {
    location: { ...locationOf(object, program, step.pc), message: { text: fails ? message : wordsOf(step) } },
    state: Object.fromEntries(step.facts.map(({ subject, words }) => [subject, { text: words }])),
    nestingLevel: step.depth,
    executionOrder: step.index + 1,
    importance: importanceOf(step, fails),
    kinds: fails ? ['danger'] : step.decision === undefined ? [] : KINDS[step.decision.kind],
  };
}

/** `3: r1 += 14; r1: packet + 14`. */
function wordsOf({ pc, text, decision, changes }: WalkStep): string {
  const news =
    decision?.choice === true ? [decision.words] : changes.flatMap(({ subject, after }) => (after === undefined ? [] : [`${subject}: ${after}`]));
  return [`${pc}: ${text}`, ...news].join('; ');
}

/**
 * A file name as a URI reference (RFC 3986): absolute names become `file:` URIs, others stay relative. Names out of an object may hold anything, so all
 * but the separators is escaped.
 */
export function uriOf(file: string): string {
  const name = new TextDecoder().decode(new TextEncoder().encode(file)).replaceAll('\\', '/');
  const drive = /^[A-Za-z]:\//.exec(name)?.[0] ?? '';
  const path = name.slice(drive.length).split('/').map(encodeURIComponent).join('/');
  if (drive !== '') return `file:///${drive}${path}`;
  return path.startsWith('/') ? `file://${path.replace(/^\/+/, '/')}` : path;
}

function importanceOf({ decision, merged }: WalkStep, fails: boolean): 'essential' | 'important' | 'unimportant' {
  if (fails) return 'essential';
  return decision?.choice === true || merged.length > 0 ? 'important' : 'unimportant';
}
