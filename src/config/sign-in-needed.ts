/** The one problem of a configuration that a sign-in mends. In a file of its own: every command loads what gives it its exit code. */
import { ConfigError } from './config-error.js';

/** There is neither a token nor a sign-in for the edge; everything else is in order. */
export class SignInNeeded extends ConfigError {
  constructor(sentence: string) {
    super([sentence]);
  }
}
