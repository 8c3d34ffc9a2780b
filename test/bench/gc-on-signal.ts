/** Preloaded into an edge whose memory is measured: SIGUSR2 collects garbage, so that only what is held is counted. */
process.on('SIGUSR2', () => {
  (globalThis as { gc?: () => void }).gc?.();
});
