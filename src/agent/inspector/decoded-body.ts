/** What became of a body when its content codings were undone. */
export interface DecodedBody {
  readonly bytes: Buffer;
  /** There is more of it than the bound permits. */
  readonly isCut: boolean;
  /** Why it could not be decoded, or not wholly, in a sentence. */
  readonly problem: string | undefined;
}
