/** Metrics of the process, under the names that all Prometheus clients use, and how late its event loop is. */
import { getHeapStatistics } from 'node:v8';
import { Histogram, type Metrics, Reading } from '../../core/metrics.js';

// Often enough to meet a loop that stands still for longer than that, seldom enough to cost nothing.
const SAMPLE_INTERVAL_MS = 100;
const DELAY_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Adds the metrics of this process. The caller ends the sampling of the event loop with what is returned. */
export function addProcessMetrics(metrics: Metrics, version: string): () => void {
  const build = Object.entries({ version, node: process.versions.node });
  const labels = build.map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, '')}"`).join();
  metrics.add({
    kind: 'gauge',
    name: 'postern_build_info',
    help: 'Always 1; the labels have the version of Postern and of Node.',
    labels: build.map(([name]) => name),
    samples: () => [{ suffix: '', labels, value: 1 }],
  });
  const cpuSeconds = () => process.cpuUsage();
  const add = (...row: ConstructorParameters<typeof Reading>) => metrics.add(new Reading(...row));
  add('counter', 'process_cpu_user_seconds_total', 'Processor time in user mode.', () => cpuSeconds().user / 1e6);
  add('counter', 'process_cpu_system_seconds_total', 'Processor time in the kernel.', () => cpuSeconds().system / 1e6);
  add('counter', 'process_cpu_seconds_total', 'Processor time.', () => {
    const { user, system } = cpuSeconds();
    return (user + system) / 1e6;
  });
  add('gauge', 'process_resident_memory_bytes', 'Memory that is resident.', () => process.memoryUsage.rss());
  const startedAt = (Date.now() - process.uptime() * 1_000) / 1_000;
  add('gauge', 'process_start_time_seconds', 'When the process started, in seconds since the epoch.', () => startedAt);
  add(
    'gauge',
    'nodejs_heap_size_used_bytes',
    'Memory of JavaScript objects.',
    () => getHeapStatistics().used_heap_size,
  );
  add('gauge', 'nodejs_external_memory_bytes', 'Memory of buffers and of objects in C++.', () => {
    const { external_memory: bytes } = getHeapStatistics();
    return bytes;
  });
  return sampleEventLoop(metrics);
}

/** A histogram rather than the percentiles of `node:perf_hooks`, which each scrape would have to reset. */
function sampleEventLoop(metrics: Metrics): () => void {
  const delays = metrics.add(
    new Histogram(
      'postern_event_loop_delay_seconds',
      'How late the event loop comes to a timer, ten times a second.',
      DELAY_SECONDS,
    ),
  );
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delays.observeMs(Math.max(nowMs - lastMs - SAMPLE_INTERVAL_MS, 0));
    lastMs = nowMs;
  }, SAMPLE_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}
