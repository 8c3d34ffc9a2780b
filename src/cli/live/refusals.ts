/** The refusal of an edge that waiting cannot change, for a person: what it says, and what to do. */
import { PosternError } from '../../errors.js';
import { adviceFor } from '../output/connection-advice.js';
import { CommandError, EXIT } from '../process/exit.js';
import { againSentence } from '../process/signed-in-token.js';

/** Whose tunnel was refused. */
export interface Refused {
  readonly edge: string;
  readonly isSignedIn: boolean;
}

/** The refusal as the end of a command; any other error as it is. */
export function explainRefusal(error: unknown, { edge, isSignedIn }: Refused): unknown {
  if (!isRefusal(error)) return error;
  const isSignInOver = isSignedIn && error.code === 'ERR_TOKEN_INVALID';
  const advice = isSignInOver ? againSentence(edge) : adviceFor(error);
  const sentence = `the edge refused: ${error.text} (${error.code})`;
  return new CommandError(advice === undefined ? sentence : `${sentence}\n${advice}`, EXIT.refused, { cause: error });
}

/** Whether an error is one that the edge has decided, rather than one of the options or a bug. */
export function isRefusal(error: unknown): error is PosternError {
  return error instanceof PosternError && error.code !== 'ERR_INTERNAL' && error.code !== 'ERR_CONFIG_INVALID';
}
