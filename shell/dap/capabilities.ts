import { EXCEPTION_FILTERS } from './breakpoints.ts';

/**
 * What `initialize` answers: the capabilities of the Debug Adapter Protocol that this adapter has. Those that are missing are missing for a reason.
 * Nothing runs, so there is nothing to attach to, to write to (`setVariable`, `setExpression`, `writeMemory`), no threads to end and no modules to load.
 */
export const CAPABILITIES = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsInstructionBreakpoints: true,
  supportsFunctionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsExceptionFilterOptions: true,
  supportsExceptionInfoRequest: true,
  supportsRestartRequest: true,
  supportsRestartFrame: true,
  supportsStepBack: true,
  supportsStepInTargetsRequest: true,
  supportsSteppingGranularity: true,
  supportsGotoTargetsRequest: true,
  supportsDisassembleRequest: true,
  supportsReadMemoryRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['-', '('],
  supportsCancelRequest: true,
  supportsTerminateRequest: true,
  exceptionBreakpointFilters: Object.entries(EXCEPTION_FILTERS).map(([filter, row]) => ({
    filter,
    ...row,
    ...(filter === 'failure' ? { supportsCondition: true, conditionDescription: 'IDs of checks or their beginnings: PKT-01, MAP' } : {}),
  })),
};
