import packageData from '../../package.json' with { type: 'json' };
import { htmlPage } from '../../src/explain/export/html.ts';
import { sarifLog } from '../../src/explain/export/sarif.ts';
import type { ExportedObject } from '../../src/explain/export/walk.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import type { ExplainedReport } from '../verify.ts';
import { sourceAt } from './source.ts';

interface VerifiedProgram {
  readonly report: ExplainedReport;
  readonly program: ObjectProgram;
}

/** Forms of the output that are documents for other programs; each with what makes it. */
const DOCUMENTS = {
  sarif: (object: ExportedObject) => `${JSON.stringify(sarifLog(object, packageData.version), undefined, 2)}\n`,
  html: htmlPage,
} as const;

/** A verification as a SARIF log or an HTML page; its reports have to carry their walks. */
export function exportedDocument(format: keyof typeof DOCUMENTS, object: ObjectFile, platform: string, verified: readonly VerifiedProgram[]): string {
  return DOCUMENTS[format]({
    path: object.path,
    sha256: object.sha256,
    platform,
    programs: verified.map(({ report, program }) => ({
      report,
      explanations: report.explanations ?? [],
      judgements: report.judgements ?? [],
      walks: report.walks ?? [],
      sourceOf: (slot: number) => sourceAt(program, slot),
      functionOf: (slot: number) => program.functions.find(({ start, end }) => slot >= start && slot < end)?.name ?? program.name,
    })),
  });
}
