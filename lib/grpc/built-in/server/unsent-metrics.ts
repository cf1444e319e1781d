import type { ServerCallInterface } from '../../grpc-types.js';

type MetricsRecorder = ReturnType<ServerCallInterface['getMetricsRecorder']>;

/**
 * Discards metrics of a call. Only servers with `grpc.server_call_metric_recording` send them, and those
 * are left to grpc-js.
 */
class UnsentMetrics {
  recordRequestCostMetric(): void {}
  recordUtilizationMetric(): void {}
  recordNamedMetric(): void {}
  recordCPUUtilizationMetric(): void {}
  recordMemoryUtilizationMetric(): void {}
  recordApplicationUtilizationMetric(): void {}
  recordQpsMetric(): void {}
  recordEpsMetric(): void {}
  serialize(): Buffer {
    return Buffer.alloc(0);
  }
}

/** The metrics recorder of all calls. */
export const unsentMetrics = new UnsentMetrics() as unknown as MetricsRecorder;
