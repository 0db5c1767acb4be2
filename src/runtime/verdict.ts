/** The part of a verification report that the runtime looks at; whole reports pass through it unchanged. */
export interface Verdict {
  readonly section: string;
  readonly program: string;
  readonly verdict: 'accepted' | 'rejected' | 'error';
  readonly failures: readonly { readonly instruction: number; readonly message: string }[];
}
