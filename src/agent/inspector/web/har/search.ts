/** Looks for words in the headers, bodies and messages of a file, as the agent does in what it keeps. */
import type { Content } from '../../filter.js';
import type { RecordedExchange } from './import.js';

// Of each body, for each letter that is typed.
const MAX_SEARCHED_BYTES = 1_000_000;

/** Whether a word, in lower case, is in one of them. Read with the first word that its row does not hold. */
export function wordsOf({ detail, requestBody, responseBody, messages }: RecordedExchange): Content {
  let text: string | undefined;
  return (word) => {
    text ??= [
      ...[...detail.request.headers, ...(detail.response?.headers ?? [])].map((row) => row.join('\n')),
      ...[requestBody, responseBody].map((body) => new TextDecoder().decode(body.subarray(0, MAX_SEARCHED_BYTES))),
      ...messages.map((message) => message.text ?? ''),
    ]
      .join('\n')
      .toLowerCase();
    return text.includes(word);
  };
}
