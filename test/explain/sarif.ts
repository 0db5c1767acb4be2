import type { CodeFlow, Location, Log, PhysicalLocation, Result, Run } from 'sarif';
import { type Complaint, sarifSchemaComplaints } from '../json-schema.ts';

/** What the text of the standard asks for and its schema cannot say; sections are those of SARIF 2.1.0. */
function complaintsOfRun(run: Run): readonly Complaint[] {
  const files = (run.artifacts ?? []).map(({ location }) => location?.uri);
  const named = new Set(files);
  return [
    ...(named.size < files.length ? ['artifacts: a file is listed twice (3.24)'] : []),
    ...(run.results ?? []).flatMap((result, at) => complaintsOfResult(run, result, named).map((words) => `results/${at}: ${words}`)),
  ];
}

function complaintsOfResult(run: Run, result: Result, files: ReadonlySet<string | undefined>): readonly Complaint[] {
  const rule = run.tool.driver.rules?.[result.ruleIndex ?? -1];
  const flows = result.codeFlows ?? [];
  const locations = [
    ...(result.locations ?? []),
    ...(result.stacks ?? []).flatMap(({ frames }) => frames.map(({ location }) => location)),
    ...flows.flatMap(({ threadFlows }) => threadFlows.flatMap((thread) => thread.locations.map(({ location }) => location))),
  ];
  return [
    ...(rule?.id === result.ruleId ? [] : [`ruleIndex leads to ${rule?.id} and not to ${result.ruleId} (3.27.6)`]),
    ...(result.kind === 'fail' || result.level === 'none' ? [] : [`level ${result.level} of what is no failure (3.27.10)`]),
    ...(result.message.text === '' ? ['an empty message (3.11.8)'] : []),
    ...locations.flatMap((location) => complaintsOfLocation(location, files)),
    ...flows.flatMap(complaintsOfFlow),
  ];
}

function complaintsOfLocation(location: Location | undefined, files: ReadonlySet<string | undefined>): readonly Complaint[] {
  const place = location?.physicalLocation;
  if (place === undefined) return ['a location that is nowhere (3.28)'];
  const { region, contextRegion, artifactLocation } = place as PhysicalLocation;
  const { startColumn = 1, endColumn = Number.POSITIVE_INFINITY } = region ?? {};
  const part = region?.snippet?.text ?? '';
  return [
    ...(files.has(artifactLocation?.uri) ? [] : [`${artifactLocation?.uri} is not among the artifacts (3.14.15)`]),
    ...(endColumn > startColumn ? [] : ['a region that ends before it begins (3.30.8)']),
    ...(contextRegion === undefined || (region !== undefined && (contextRegion.snippet?.text ?? '').includes(part))
      ? []
      : ['a context without its region (3.29.5)']),
  ];
}

function complaintsOfFlow({ threadFlows }: CodeFlow): readonly Complaint[] {
  return threadFlows.flatMap(({ locations }) => {
    const orders = locations.map(({ executionOrder }) => executionOrder ?? -1);
    return orders.every((order, at) => at === 0 || order > orders[at - 1]!) ? [] : ['locations that are not in the order of execution (3.38.11)'];
  });
}

/** Where a document breaks SARIF 2.1.0: its schema, or else what the standard says beyond that. */
export function sarifComplaints(document: unknown): readonly Complaint[] {
  const broken = sarifSchemaComplaints(document);
  return broken.length > 0 ? broken : (document as Log).runs.flatMap((run, at) => complaintsOfRun(run).map((words) => `/runs/${at}/${words}`));
}
