/** Work that many causes ask for, and that is done once for all of them. */

/** A function whose calls in one turn of the event loop become one call of `run`, at the end of that turn. */
export function onceATurn(run: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setImmediate(() => {
      isAsked = false; // what changes from here on needs another call
      run();
    });
  };
}
